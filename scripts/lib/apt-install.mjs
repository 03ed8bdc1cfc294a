import { run } from './command.mjs';

/**
 * Installs a package that some tests need, with root and apt-get. That it cannot be done is no failure here: the tests that need it say so.
 *
 * @param {string} name for the log
 * @param {string} packageName Debian's name of it
 * @param {() => Promise<boolean>} isThere
 * @param {{setupLog: string, lifetime: {signal: AbortSignal}, log: ReturnType<typeof import('./log.mjs').createLog>}} context
 */
export async function ensurePackage(name, packageName, isThere, { setupLog, lifetime, log }) {
  if (process.getuid() !== 0 || (await isThere())) return;
  const options = { logFile: setupLog, signal: lifetime.signal, uninterruptible: true };
  const apt = (...args) =>
    run(
      'env',
      ['DEBIAN_FRONTEND=noninteractive', 'LC_ALL=C.UTF-8', 'apt-get', '-y', '-o', 'DPkg::Lock::Timeout=120', ...args],
      options,
    );
  if ((await run('apt-get', ['--version'], { timeoutMs: 20_000 })).code !== 0) return;
  await log.task(name, 'installing with apt-get', async () => {
    const install = () => apt('install', '--no-install-recommends', packageName);
    let { code } = await install();
    if (code !== 0) {
      // The lists may be missing, or older than the mirror.
      await apt('update');
      ({ code } = await install());
    }
    return code === 0 ? 'installed' : 'could not be installed';
  });
}

import { run } from './command.mjs';
import { rootCommand } from './root-command.mjs';

/**
 * Runs apt-get as root, and once more with fresh lists when it fails: they may be missing, or older than the mirror.
 *
 * @param {string[]} args such as `['install', 'chromium']`
 * @param {{setupLog: string, lifetime: {signal: AbortSignal}}} context
 * @returns {Promise<boolean>} whether it was done; false also without apt-get or root's rights
 */
export async function aptGet(args, { setupLog, lifetime }) {
  const root = await rootCommand();
  if (root === undefined || (await run('apt-get', ['--version'], { timeoutMs: 20_000 })).code !== 0) return false;
  const options = { logFile: setupLog, signal: lifetime.signal, uninterruptible: true };
  const [command, ...before] = [
    ...root,
    'env',
    'DEBIAN_FRONTEND=noninteractive',
    'NEEDRESTART_MODE=l',
    'LC_ALL=C.UTF-8',
  ];
  const apt = (...rest) =>
    run(command, [...before, 'apt-get', '-y', '-o', 'DPkg::Lock::Timeout=120', ...rest], options);
  if ((await apt(...args)).code === 0) return true;
  await apt('update');
  return (await apt(...args)).code === 0;
}

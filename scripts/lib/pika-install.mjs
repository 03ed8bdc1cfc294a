import { run } from './command.mjs';

/** Debian's package belongs to Debian's Python, which need not be the first in the PATH. */
const PYTHONS = ['/usr/bin/python3', 'python3'];

/** What a person can do when there is none. */
export const NO_PIKA = 'Python 3 with pika is needed: "apt-get install python3-pika", or "pip install pika"';

/** @returns {Promise<string | undefined>} a Python 3 that can import pika */
export async function findPythonWithPika() {
  for (const python of PYTHONS)
    if ((await run(python, ['-c', 'import pika, sqlite3'], { timeoutMs: 20_000 })).code === 0) return python;
  return undefined;
}

/**
 * Installs pika for the participant in Python, with root and apt-get. That it cannot be done is no failure here: the test that needs it says so.
 *
 * @param {{setupLog: string, lifetime: {signal: AbortSignal}, log: ReturnType<typeof import('./log.mjs').createLog>}} context
 */
export async function ensurePika({ setupLog, lifetime, log }) {
  if (process.getuid() !== 0 || (await findPythonWithPika()) !== undefined) return;
  const options = { logFile: setupLog, signal: lifetime.signal, uninterruptible: true };
  const apt = (...args) =>
    run(
      'env',
      ['DEBIAN_FRONTEND=noninteractive', 'LC_ALL=C.UTF-8', 'apt-get', '-y', '-o', 'DPkg::Lock::Timeout=120', ...args],
      options,
    );
  if ((await run('apt-get', ['--version'], { timeoutMs: 20_000 })).code !== 0) return;
  await log.task('pika', 'installing with apt-get', async () => {
    const install = () => apt('install', '--no-install-recommends', 'python3-pika');
    let { code } = await install();
    if (code !== 0) {
      // The lists may be missing, or older than the mirror.
      await apt('update');
      ({ code } = await install());
    }
    return code === 0 ? 'installed' : 'could not be installed';
  });
}

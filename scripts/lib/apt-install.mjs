import { run } from './command.mjs';

/**
 * Installs a package, where that can be done without a password.
 *
 * @param {string} name Debian's
 * @param {{setupLog: string, lifetime: {signal: AbortSignal}}} context
 * @returns {Promise<boolean>} whether it was done; false also without apt-get or root's rights
 */
export async function aptInstall(name, { setupLog, lifetime }) {
  const root = await rootCommand();
  if (root === undefined || (await run('apt-get', ['--version'], { timeoutMs: 20_000 })).code !== 0) return false;
  // It asks nothing, and waits for another one to end.
  const quietly = ['env', 'DEBIAN_FRONTEND=noninteractive', 'NEEDRESTART_MODE=l', 'LC_ALL=C.UTF-8'];
  const [command, ...before] = [...root, ...quietly, 'apt-get', '-y', '-o', 'DPkg::Lock::Timeout=120'];
  const options = { logFile: setupLog, signal: lifetime.signal, uninterruptible: true };
  const aptGet = (...args) => run(command, [...before, ...args], options);
  const install = async () => (await aptGet('install', '--no-install-recommends', name)).code === 0;
  if (await install()) return true;
  // The lists may be missing, or older than the mirror.
  await aptGet('update');
  return install();
}

/** What to put before a command so that root runs it; undefined when that is not to be had without a password. */
async function rootCommand() {
  if (process.getuid() === 0) return [];
  return (await run('sudo', ['-n', 'true'], { timeoutMs: 20_000 })).code === 0 ? ['sudo', '-n'] : undefined;
}

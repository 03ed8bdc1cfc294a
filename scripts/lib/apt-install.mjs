import { run } from './command.mjs';
import { rootCommand } from './root-command.mjs';

/**
 * @param {string[]} root what to put before a command so that root runs it
 * @param {Parameters<typeof run>[2]} options
 * @returns {(...args: string[]) => ReturnType<typeof run>} apt-get, which asks nothing and waits for another one to end
 */
export function aptGetAs(root, options) {
  const quietly = ['env', 'DEBIAN_FRONTEND=noninteractive', 'NEEDRESTART_MODE=l', 'LC_ALL=C.UTF-8'];
  const [command, ...before] = [...root, ...quietly, 'apt-get', '-y', '-o', 'DPkg::Lock::Timeout=120'];
  return (...args) => run(command, [...before, ...args], { ...options, uninterruptible: true });
}

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
  const aptGet = aptGetAs(root, { logFile: setupLog, signal: lifetime.signal });
  const install = async () => (await aptGet('install', '--no-install-recommends', name)).code === 0;
  if (await install()) return true;
  // The lists may be missing, or older than the mirror.
  await aptGet('update');
  return install();
}

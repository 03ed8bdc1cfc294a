import { run } from './command.mjs';

/** @returns {Promise<string[] | undefined>} what to put before a command so that root runs it; undefined when that is not to be had without a password */
export async function rootCommand() {
  if (process.getuid() === 0) return [];
  return (await run('sudo', ['-n', 'true'], { timeoutMs: 20_000 })).code === 0 ? ['sudo', '-n'] : undefined;
}

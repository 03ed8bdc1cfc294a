import fs from 'node:fs';
import type { SpawnOptions } from 'node:child_process';
import { x } from 'tinyexec';
import { messageOf } from './log.js';
import { openLogFile } from './log-file.js';
import { signalGroup } from './process-registry.js';

export interface CommandOptions extends Pick<SpawnOptions, 'cwd' | 'uid' | 'gid' | 'env'> {
  /** Gets the output as well. */
  readonly logFile?: string | undefined;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

// npm that is told to stop takes out again what it has installed, which takes half a minute.
const END_MS = 2_000;
const underWay = new Set<number>();

/**
 * Runs a command to its end and collects what it writes. A command that is interrupted, or whose time is over, gets two
 * seconds to end by itself, with all that it has started.
 * @returns code 127 when it cannot be run, 124 when its time was over
 */
export async function run(
  command: string,
  args: readonly string[],
  { logFile, timeoutMs, signal, ...nodeOptions }: CommandOptions = {},
): Promise<{ code: number; output: string }> {
  signal?.throwIfAborted();
  // tinyexec signals the process alone, so the group is signalled from here.
  const child = x(command, [...args], {
    nodePath: false,
    nodeOptions: { ...nodeOptions, detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
  });
  const { pid } = child;
  const timeout = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
  let patience: NodeJS.Timeout | undefined;
  const end = (): void => {
    if (pid === undefined) return;
    signalGroup(pid, 'SIGTERM');
    patience ??= setTimeout(() => signalGroup(pid, 'SIGKILL'), END_MS);
  };
  for (const reason of [timeout, signal]) reason?.addEventListener('abort', end, { once: true });
  if (pid !== undefined) underWay.add(pid);
  const log = logFile === undefined ? undefined : openLogFile(logFile, { keep: true });
  let output = '';
  let code = 127;
  try {
    for await (const line of child) {
      output = `${output}${line}\n`.slice(-1_000_000);
      if (log !== undefined) fs.writeSync(log, `${line}\n`);
    }
    code = timeout?.aborted ? 124 : (child.exitCode ?? 1);
  } catch (error) {
    output += messageOf(error);
  } finally {
    if (pid !== undefined) underWay.delete(pid);
    clearTimeout(patience);
    signal?.removeEventListener('abort', end);
    timeout?.removeEventListener('abort', end);
    if (log !== undefined) fs.closeSync(log);
  }
  signal?.throwIfAborted();
  return { code, output };
}

/** @returns whether a command is here, and does what it should without an error */
export async function succeeds(command: string, ...args: string[]): Promise<boolean> {
  return (await run(command, args, { timeoutMs: 20_000 })).code === 0;
}

/** Ends the commands under way, for a forced exit. */
export function killCommands(): void {
  for (const pid of underWay) signalGroup(pid, 'SIGKILL');
}

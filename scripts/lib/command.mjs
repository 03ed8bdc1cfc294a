import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { openLogFile } from './log-file.mjs';
import { signalGroup } from './process-registry.mjs';

const underWay = new Set();
// npm that is told to stop takes out again what it has installed, which takes half a minute.
const END_MS = 2_000;

/**
 * Runs a command to its end and collects what it writes.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{cwd?: string, env?: Record<string, string>, uid?: number, gid?: number, input?: string, logFile?: string, timeoutMs?: number,
 *   signal?: AbortSignal, uninterruptible?: boolean}} [options] `logFile` gets the output as well. A command that is interrupted, or whose
 *   time is over, gets two seconds to end by itself. An uninterruptible one is left to finish when the signal is aborted (a package manager that is cut short leaves the machine half done).
 * @returns {Promise<{code: number, output: string}>} code 127 when it cannot be run, 124 when its time was over
 */
export async function run(command, args, options = {}) {
  const { input, logFile, timeoutMs, signal, uninterruptible = false, ...spawnOptions } = options;
  signal?.throwIfAborted();
  const log = logFile === undefined ? undefined : openLogFile(logFile, { keep: true });
  const child = spawn(command, args, { ...spawnOptions, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  underWay.add(child);

  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output = (output + chunk).slice(-1_000_000);
      if (log !== undefined) writeIfPossible(log, chunk);
    });
  }
  child.stdin.on('error', () => {}); // it may end without reading
  child.stdin.end(input ?? '');

  let timedOut = false;
  let patience;
  const end = () => {
    if (child.pid === undefined || child.exitCode !== null) return;
    signalGroup(child.pid, 'SIGTERM');
    patience = setTimeout(() => signalGroup(child.pid, 'SIGKILL'), END_MS);
  };
  const onTimeout = () => {
    timedOut = true;
    end();
  };
  const timer = timeoutMs === undefined ? undefined : setTimeout(onTimeout, timeoutMs);
  if (!uninterruptible) signal?.addEventListener('abort', end, { once: true });
  try {
    const code = await new Promise((resolve) => {
      child.once('error', (error) => {
        output += error.message;
        resolve(127);
      });
      child.once('close', (exitCode) => resolve(timedOut ? 124 : (exitCode ?? 1)));
    });
    signal?.throwIfAborted();
    return { code, output };
  } finally {
    underWay.delete(child);
    clearTimeout(timer);
    clearTimeout(patience);
    signal?.removeEventListener('abort', end);
    if (log !== undefined) fs.closeSync(log);
  }
}

/** A disk that is full of logs must not end what is under way. */
function writeIfPossible(descriptor, chunk) {
  try {
    fs.writeSync(descriptor, chunk);
  } catch {
    // What was written is in the output as well.
  }
}

/** Ends the commands under way, for a forced exit. */
export function killCommands() {
  for (const child of underWay) if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
}

/** The last lines of a command's output, indented, for a message about its failure. */
export function tail(output, count = 15) {
  const lines = (Array.isArray(output) ? output : output.split('\n')).filter((line) => line.trim() !== '');
  return lines
    .slice(-count)
    .map((line) => `    ${line}`)
    .join('\n');
}

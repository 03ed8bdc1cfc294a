import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { openLogFile } from './log-file.mjs';
import { signalGroup, signalProcess } from './process-registry.mjs';

/**
 * Starts a long-running process that writes to a log file.
 *
 * It leads a process group (and session) of its own: Ctrl-C in a terminal goes to the whole group of the foreground command, and would
 * otherwise end the databases before the services.
 *
 * @param {{name: string, command: string, args?: string[], env?: Record<string, string>, cwd?: string, uid?: number, gid?: number,
 *   logFile: string, keepLog?: boolean, isServer?: boolean, stopSignal?: NodeJS.Signals, graceMs?: number,
 *   registry?: ReturnType<typeof import('./process-registry.mjs').createProcessRegistry>}} options
 * @returns {Promise<ManagedProcess>} rejected when the program cannot be executed at all
 *
 * @typedef {{pid: number, running: boolean, exited: Promise<{code: number | null, signal: string | null}>,
 *   stop(): Promise<void>, kill(signal?: NodeJS.Signals): Promise<void>}} ManagedProcess
 */
export async function startProcess({
  name,
  command,
  args = [],
  logFile,
  keepLog = false,
  isServer = false,
  stopSignal = 'SIGTERM',
  graceMs = 10_000,
  registry,
  ...spawnOptions
}) {
  const descriptor = openLogFile(logFile, { keep: keepLog });
  const child = spawn(command, args, { ...spawnOptions, detached: true, stdio: ['ignore', descriptor, descriptor] });
  fs.closeSync(descriptor);

  // On record from the first moment: whatever happens next, it is found and ended.
  if (child.pid !== undefined) registry?.add({ name, pid: child.pid, isServer, stopSignal, graceMs });
  const exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  await new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => reject(new Error(`${name}: cannot run ${command}: ${error.message}`)));
  });
  const { pid } = child;
  exited.then(() => registry?.remove(pid));

  const running = () => child.exitCode === null && child.signalCode === null;
  const kill = async (signal = 'SIGKILL') => {
    if (running()) signalGroup(pid, signal);
    await exited;
  };
  return {
    pid,
    exited,
    kill,
    get running() {
      return running();
    },
    async stop() {
      if (!running()) return;
      signalProcess(pid, stopSignal);
      const timer = setTimeout(() => running() && signalGroup(pid, 'SIGKILL'), graceMs);
      await exited;
      clearTimeout(timer);
    },
  };
}

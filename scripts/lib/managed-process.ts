import { spawn, type SpawnOptions } from 'node:child_process';
import fs from 'node:fs';
import { openLogFile } from './log-file.js';
import { signalGroup, signalProcess, type ProcessEntry, type ProcessRegistry } from './process-registry.js';

export interface ProcessOptions extends Omit<ProcessEntry, 'pid'>, Pick<SpawnOptions, 'env' | 'cwd' | 'uid' | 'gid'> {
  readonly command: string;
  readonly args?: readonly string[];
  /** Gets what it writes; null lets it use this terminal. */
  readonly logFile: string | null;
  readonly keepLog?: boolean;
  readonly registry?: ProcessRegistry | undefined;
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A long-running process that was started here. */
export interface ManagedProcess {
  readonly pid: number;
  readonly running: boolean;
  readonly exited: Promise<Exit>;
  /** Asks it to end, and kills it when it does not in time. */
  stop(this: void): Promise<void>;
  /** Ends it, and all that it has started, as a crash would; or by another signal. */
  kill(signal?: NodeJS.Signals): Promise<void>;
}

/** A process that can be started again, also after it was stopped or killed. Its `pid` is that of the newest. */
export interface RestartableProcess extends ManagedProcess {
  restart(): Promise<void>;
}

/**
 * Starts a long-running process that writes to a log file.
 *
 * It leads a process group (and session) of its own: Ctrl-C in a terminal goes to the whole group of the foreground
 * command, and would otherwise end the databases before the services.
 *
 * @returns rejected when the program cannot be executed at all
 */
export async function startProcess(options: ProcessOptions): Promise<ManagedProcess> {
  const { name, command, args = [], logFile, keepLog = false, registry, ...more } = options;
  const { isServer = false, stopSignal = 'SIGTERM', graceMs = 10_000, ...spawnOptions } = more;
  const descriptor = logFile === null ? 'inherit' : openLogFile(logFile, { keep: keepLog });
  const stdio: SpawnOptions['stdio'] = [logFile === null ? 'inherit' : 'ignore', descriptor, descriptor];
  const child = spawn(command, args, { ...spawnOptions, detached: true, stdio });
  if (descriptor !== 'inherit') fs.closeSync(descriptor);

  // On record from the first moment: whatever happens next, it is found and ended.
  if (child.pid !== undefined) registry?.add({ name, pid: child.pid, isServer, stopSignal, graceMs });
  const exited = new Promise<Exit>((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => reject(new Error(`${name}: cannot run ${command}: ${error.message}`)));
  });
  const pid = child.pid!;
  void exited.then(() => registry?.remove(pid));

  const isAlive = (): boolean => child.exitCode === null && child.signalCode === null;
  return {
    pid,
    exited,
    get running() {
      return isAlive();
    },
    async kill(signal = 'SIGKILL') {
      if (isAlive()) signalGroup(pid, signal);
      await exited;
    },
    async stop() {
      if (!isAlive()) return;
      signalProcess(pid, stopSignal);
      const timer = setTimeout(() => isAlive() && signalGroup(pid, 'SIGKILL'), graceMs);
      await exited;
      clearTimeout(timer);
    },
  };
}

/** Makes of a function that starts a process (again, with `keepLog`) a process that can be started again. */
export async function restartable(launch: (keepLog: boolean) => Promise<ManagedProcess>): Promise<RestartableProcess> {
  let current = await launch(false);
  return {
    get pid() {
      return current.pid;
    },
    get running() {
      return current.running;
    },
    get exited() {
      return current.exited;
    },
    stop: () => current.stop(),
    kill: (signal) => current.kill(signal),
    async restart() {
      await current.stop();
      current = await launch(true);
    },
  };
}

import fs from 'node:fs';
import { readJson, writeJson } from './json-file.js';
import { identify, isRunning, type ProcessIdentity } from './process-identity.js';
import { waitUntil } from './wait.js';

/** What is known of a process beside its identity. A server ends after the services that use it. */
export interface ProcessEntry {
  readonly name: string;
  readonly pid: number;
  readonly isServer?: boolean;
  readonly stopSignal?: NodeJS.Signals;
  readonly graceMs?: number;
}
type KnownProcess = ProcessEntry & ProcessIdentity;

/** Remembers in a file which processes were started. A later run ends them when this one was killed before it could. */
export class ProcessRegistry {
  readonly #file: string;
  readonly #entries = new Map<number, KnownProcess>();

  constructor(file: string) {
    this.#file = file;
  }

  add(entry: ProcessEntry): void {
    const identity = identify(entry.pid);
    if (identity === undefined) return; // it has ended already
    this.#entries.set(entry.pid, { ...entry, ...identity });
    this.#save();
  }

  remove(pid: number): void {
    if (this.#entries.delete(pid)) this.#save();
  }

  /** Ends everything at once; with `except` all but the servers, which end better by themselves. */
  killAll({ except }: { except?: 'servers' } = {}): void {
    for (const entry of this.#running())
      if (!(except === 'servers' && entry.isServer)) signalGroup(entry.pid, 'SIGKILL');
  }

  /** Waits a while until nothing on record runs any more. */
  async untilEnded({ timeoutMs = 5_000 } = {}): Promise<void> {
    await waitUntil(() => this.#running().length === 0, timeoutMs);
  }

  /** Removes the file, unless something on record could not be stopped: then the next run is to find it. */
  close(): void {
    if (this.#running().length === 0) fs.rmSync(this.#file, { force: true });
  }

  #running(): KnownProcess[] {
    return [...this.#entries.values()].filter(isRunning);
  }

  #save(): void {
    try {
      writeJson(this.#file, [...this.#entries.values()]);
    } catch {
      // On a full disk a later run would not find them; this one knows them all the same, and goes on.
    }
  }
}

/** What an earlier run left behind, as its registry tells; `stop` ends services first, then the servers they use. */
export function findLeftovers(file: string): { names: string[]; stop(): Promise<void> } {
  const left = (readJson<KnownProcess[]>(file) ?? []).filter(isRunning);
  return {
    names: left.map(({ name }) => name),
    async stop() {
      await Promise.all(left.filter(({ isServer }) => !isServer).map(endProcess));
      // In the reverse order of their start: RabbitMQ would start a new epmd if its own went first.
      for (const entry of left.filter(({ isServer }) => isServer).reverse()) await endProcess(entry);
      fs.rmSync(file, { force: true });
    },
  };
}

async function endProcess(entry: KnownProcess): Promise<void> {
  signalProcess(entry.pid, entry.stopSignal ?? 'SIGTERM');
  await waitUntil(() => !isRunning(entry), entry.graceMs ?? 10_000);
  signalGroup(entry.pid, 'SIGKILL'); // and whatever it had started itself
  await waitUntil(() => !isRunning(entry), 5_000);
}

/** Sends a signal; that the process has gone meanwhile is no error. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** The same for all of its process group: what is started here leads a group of its own. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  signalProcess(-pid, signal);
}

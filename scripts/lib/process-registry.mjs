import fs from 'node:fs';
import { readJson, writeJsonAtomically } from './atomic-file.mjs';
import { identify, isRunning } from './process-identity.mjs';
import { waitFor } from './wait.mjs';

/**
 * Remembers in a file which processes were started, so that a later run can end them when this one was killed before it could.
 * @param {string} file
 */
export function createProcessRegistry(file) {
  const entries = new Map();
  const save = () => {
    try {
      writeJsonAtomically(file, [...entries.values()]);
    } catch {
      // On a full disk a later run would not find them; this one knows them all the same, and goes on.
    }
  };

  return {
    /** @param {{name: string, pid: number, isServer?: boolean, stopSignal?: string, graceMs?: number}} entry a service uses servers */
    add(entry) {
      const identity = identify(entry.pid);
      if (identity === undefined) return; // it has ended already
      entries.set(entry.pid, { ...entry, ...identity });
      save();
    },
    remove(pid) {
      if (entries.delete(pid)) save();
    },
    /** Ends everything at once, without ceremony; with `except` all but the servers, which end better by themselves. */
    killAll({ except } = {}) {
      for (const entry of entries.values())
        if (!(except === 'servers' && entry.isServer) && isRunning(entry)) signalGroup(entry.pid, 'SIGKILL');
    },
    /** Waits a while until nothing on record runs any more. */
    async untilEnded({ timeoutMs = 5_000 } = {}) {
      await waitFor(() => ![...entries.values()].some(isRunning), { timeoutMs, everyMs: 20 });
    },
    /** Removes the file, unless something on record could not be stopped: then the next run is to find it. */
    close() {
      if (![...entries.values()].some(isRunning)) fs.rmSync(file, { force: true });
    },
  };
}

/**
 * What an earlier run left behind.
 * @param {string} file that run's registry
 * @returns {{names: string[], stop(): Promise<void>}} `stop` ends the services first, then the servers that they use
 */
export function findLeftovers(file) {
  const left = (readJson(file) ?? []).filter(isRunning);
  return {
    names: left.map((entry) => entry.name),
    async stop() {
      await Promise.all(left.filter((entry) => !entry.isServer).map(endProcess));
      // In the reverse order of their start: RabbitMQ would start a new epmd if its own went first.
      for (const entry of left.filter((candidate) => candidate.isServer).reverse()) await endProcess(entry);
      fs.rmSync(file, { force: true });
    },
  };
}

async function endProcess(entry) {
  signalProcess(entry.pid, entry.stopSignal ?? 'SIGTERM');
  await waitFor(() => !isRunning(entry), { timeoutMs: entry.graceMs ?? 10_000 });
  signalGroup(entry.pid, 'SIGKILL'); // and whatever it had started itself
  await waitFor(() => !isRunning(entry), { timeoutMs: 5_000 });
}

/** Sends a signal; that the process has gone meanwhile is no error. */
export function signalProcess(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** The same for all of its process group: what we start leads a group of its own. */
export function signalGroup(pid, signal) {
  signalProcess(-pid, signal);
}

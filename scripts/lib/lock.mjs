import fs from 'node:fs';
import path from 'node:path';
import { readJson } from './atomic-file.mjs';
import { identify, isRunning } from './process-identity.mjs';
import { waitFor } from './wait.mjs';

/**
 * Takes a lock that a process holds until it releases it or is gone. The file names its holder.
 * @param {string} file
 * @returns {{held: true, release(): void} | {held: false, holder: {pid: number}}}
 */
export function tryLock(file) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const mine = { pid: process.pid, startedAt: identify(process.pid).startedAt };
  const temporary = `${file}.${process.pid}.tmp`;
  fs.writeFileSync(temporary, JSON.stringify(mine));
  try {
    for (;;) {
      if (linked(temporary, file)) return { held: true, release: () => fs.rmSync(file, { force: true }) };
      const holder = readJson(file);
      if (holder !== undefined && isRunning(holder)) return { held: false, holder };
      discardStale(file, holder);
    }
  } finally {
    fs.rmSync(temporary, { force: true });
  }
}

/** Runs `work` while holding the lock, and waits for it first. */
export async function withLock(file, { signal, onWait }, work) {
  let lock = tryLock(file);
  if (!lock.held) {
    onWait?.(lock.holder);
    lock = await waitFor(
      () => {
        const next = tryLock(file);
        return next.held && next;
      },
      { timeoutMs: 3_600_000, everyMs: 300, signal },
    );
  }
  try {
    return await work();
  } finally {
    lock.release();
  }
}

/** Linking a complete file is atomic: nobody ever reads a lock that is half written. */
function linked(from, to) {
  try {
    fs.linkSync(from, to);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return false;
  }
}

/** Two processes may find the same stale lock. One that moves away a fresh one by mistake puts it back. */
function discardStale(file, stale) {
  const aside = `${file}.${process.pid}.stale`;
  try {
    fs.renameSync(file, aside);
  } catch (error) {
    if (error.code === 'ENOENT') return;
    throw error;
  }
  if (readJson(aside)?.startedAt !== stale?.startedAt) linked(aside, file);
  fs.rmSync(aside, { force: true });
}

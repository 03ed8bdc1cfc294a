import fs from 'node:fs';
import path from 'node:path';
import pRetry, { type Options } from 'p-retry';
import lockfile from 'proper-lockfile';

// A lock that is not refreshed for so long belongs to a process that was killed.
const STALE_MS = 4_000;

/**
 * Locks with this file (a folder, to be exact).
 * @returns a function that gives the lock back; the end of the process does it too
 */
function lock(file: string, options: Options): Promise<() => Promise<void>> {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  // That the machine slept, or that somebody removed the folder, ends nothing that runs.
  const own = { lockfilePath: file, realpath: false, stale: STALE_MS, update: 1_000, onCompromised: () => undefined };
  return pRetry(() => lockfile.lock(file, own), {
    factor: 1,
    minTimeout: 250,
    ...options,
    shouldRetry: ({ error }) => (error as NodeJS.ErrnoException).code === 'ELOCKED',
  });
}

/**
 * Takes a lock until it is given back. One that a killed process has left is waited for.
 * @returns undefined when another process holds it
 */
export async function tryLock(file: string): Promise<(() => Promise<void>) | undefined> {
  try {
    return await lock(file, { retries: Infinity, maxRetryTime: STALE_MS + 500 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ELOCKED') return undefined;
    throw error;
  }
}

/** Runs `work` while holding the lock, and waits for it first. */
export async function withLock<Result>(
  file: string,
  { signal, onWait }: { signal?: AbortSignal | undefined; onWait?: () => void },
  work: () => Promise<Result>,
): Promise<Result> {
  const onFailedAttempt: Options['onFailedAttempt'] = ({ attemptNumber }) => void (attemptNumber === 1 && onWait?.());
  const release = await lock(file, { retries: Infinity, onFailedAttempt, ...(signal && { signal }) });
  try {
    return await work();
  } finally {
    await release();
  }
}

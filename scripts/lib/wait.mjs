import { setTimeout as delay } from 'node:timers/promises';

/**
 * Asks `condition` again and again until it answers with something truthy, and returns that.
 * @param {() => unknown} condition may be async; what it throws ends the wait
 * @param {{timeoutMs: number, everyMs?: number, signal?: AbortSignal}} options
 * @returns {Promise<any>} undefined when the time is over
 */
export async function waitFor(condition, { timeoutMs, everyMs = 100, signal }) {
  const end = Date.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    const result = await condition();
    if (result) return result;
    if (Date.now() >= end) return undefined;
    await delay(everyMs);
  }
}

/** Sleeps, and wakes early (without an error) when the signal is aborted. */
export async function sleep(milliseconds, signal) {
  await delay(milliseconds, undefined, { signal }).catch(() => {});
}

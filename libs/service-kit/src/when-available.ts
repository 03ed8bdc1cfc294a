import { setTimeout as pause } from 'node:timers/promises';
import { isRetryable, type Logger } from 'saga-core';
import { CONSTANTS } from './defaults.js';

/**
 * Tries until what it needs is there: a service that was started before its database or broker waits for it.
 *
 * @param what - what is waited for, as it stands in the log: one line for each failed attempt
 * @param attempt - may be called many times
 * @param signal - ends the waiting
 * @returns what the attempt gives
 * @throws whatever waiting cannot mend, and an AbortError after `signal`
 */
export async function whenAvailable<Result>(
  what: string,
  attempt: () => Promise<Result>,
  { logger, signal }: { logger: Logger; signal: AbortSignal },
): Promise<Result> {
  for (let pauseMs: number = CONSTANTS.startInitialMs; ; pauseMs = Math.min(pauseMs * 2, CONSTANTS.startMaxMs)) {
    signal.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      if (!isRetryable(error)) throw error;
      // What is closed at the end is unavailable as well, and nobody waits for it any more.
      signal.throwIfAborted();
      const reason = error instanceof Error ? error.message : String(error);
      logger.warn({ what, pauseMs, reason }, 'not available yet; trying again');
    }
    await pause(pauseMs, undefined, { signal });
  }
}

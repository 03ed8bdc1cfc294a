/** Work that a process does again and again beside its messages: deadlines, purging. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { messageOf } from '../errors.js';
import { CONSTANTS } from '../settings.js';
import { recoveryPauseMs } from './backoff.js';

export interface PollLoopOptions {
  /** What the rounds do: the field `poll` of the log message "a poll failed; trying again". */
  readonly what: string;
  /** Between two rounds, in milliseconds. */
  readonly pauseMs: number;
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

/**
 * Does rounds until the signal says stop. A failing round is tried again, never skipped.
 *
 * @param round - one round; it answers whether there is more to do at once
 * @returns when the signal has come and the round in hand is over; it never rejects
 */
export async function pollLoop(
  round: () => Promise<boolean>,
  { what, pauseMs, signal, logger }: PollLoopOptions,
): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    let pause = pauseMs;
    try {
      if (await round()) pause = 0;
      failures = 0;
    } catch (error) {
      failures++;
      pause = recoveryPauseMs(failures + 1);
      logger.warn({ poll: what, reason: messageOf(error) }, 'a poll failed; trying again');
    }
    await delay(pause, undefined, { signal }).catch(() => undefined);
  }
}

/**
 * Purges rows until the signal says stop.
 *
 * @param retentionMs - how long rows are kept; null for ever, and nothing is done
 * @param purge - removes at most `limit` rows that are past it, and answers whether there may be more; several
 *   processes may do so at once
 */
export async function purgeLoop(
  retentionMs: number | null,
  purge: (retentionMs: number, limit: number) => Promise<boolean>,
  options: Pick<PollLoopOptions, 'signal' | 'logger'>,
): Promise<void> {
  if (retentionMs === null) return;
  await pollLoop(() => purge(retentionMs, CONSTANTS.purgeBatchSize), {
    ...options,
    what: 'purging',
    pauseMs: CONSTANTS.purgePollMs,
  });
}

/**
 * Who is told of what saga-core does, to count it or to draw it: metrics and traces. What is told of sagas and commands
 * is committed. An observer does not wait. Invariant kept here: an observer that throws harms neither another observer
 * nor what it is told of.
 */
import type { Logger } from 'pino';
import { messageOf, type SagaErrorCode } from '../errors.js';
import { logSparsely } from '../util/log-sparsely.js';

/** What is handled in batches. */
export const BATCH_PLACES = ['commands', 'replies', 'deadlines', 'kept_replies', 'publications', 'purge'] as const;
export type BatchPlace = (typeof BATCH_PLACES)[number];

/**
 * Why a batch failed as a whole. `database`: PostgreSQL is away, or refuses the library itself. `conflict`: a
 * deadlock or a serialization failure. `item`: one of its items broke it, so it is divided.
 */
export const BATCH_FAILURES = ['database', 'conflict', 'item'] as const;
export type BatchFailure = (typeof BATCH_FAILURES)[number];

/** Told of what goes wrong, by orchestrators and participants alike. */
export interface BatchObserver {
  /** A batch failed as a whole. It is tried again, or divided until the guilty item is alone. */
  batchFailed?(where: BatchPlace, reason: BatchFailure): void;
  /**
   * An item was found guilty: it broke its batch, or cannot be read, written or encoded as it is. It has come to an end
   * of its own.
   *
   * @param code - how it ended: a code of docs/errors.md
   */
  itemBlamed?(where: BatchPlace, code: string): void;
}

/** Calls a hook of several observers. */
export type Tell<Observer> = (hook: string, call: (observer: Observer) => unknown) => void;

/** @returns the hooks that all observers have */
export function batchObservers(tell: Tell<BatchObserver>): Required<BatchObserver> {
  return {
    batchFailed: (where, reason) => tell('batchFailed', (each) => each.batchFailed?.(where, reason)),
    itemBlamed: (where, code) => tell('itemBlamed', (each) => each.itemBlamed?.(where, code)),
  };
}

/** @returns what calls a hook of each observer: what one of them throws is logged, and no more */
export function teller<Observer>(observers: readonly Observer[], logger: Logger): Tell<Observer> {
  return (hook, call) => {
    const note = (thrown: unknown) =>
      logSparsely(logger, 'warn', { hook, reason: messageOf(thrown) }, 'an observer threw');
    for (const observer of observers)
      try {
        const told = call(observer);
        // An async function is an observer as well; what it rejects with would end the process.
        if (told instanceof Promise) told.catch(note);
      } catch (thrown) {
        note(thrown);
      }
  };
}

/** @returns what tells of purges that fail, and of rows that cannot be purged */
export function purgeLog(
  logger: Logger,
  observer: Required<BatchObserver>,
): { readonly onSpared: (row: string) => void; readonly onFailure: (reason: BatchFailure) => void } {
  return {
    onFailure: (reason) => observer.batchFailed('purge', reason),
    onSpared(row) {
      observer.itemBlamed('purge', 'NOT_PURGED' satisfies SagaErrorCode);
      logSparsely(logger, 'warn', { row }, 'a row that is past its retention cannot be deleted, and is passed over');
    },
  };
}

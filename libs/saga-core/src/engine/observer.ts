/**
 * Who is told of what saga-core does, to count it or to draw it: metrics and traces. What is told of sagas and commands is committed. An observer does not
 * wait. Invariant kept here: an observer that throws harms neither another observer nor what it is told of.
 */
import type { Logger } from 'pino';
import type { Outcome } from '../contract/outcome.js';
import type { SagaDefinition } from '../definition/saga.js';
import { messageOf, type SagaErrorCode } from '../errors.js';
import { logSparsely } from './log-sparsely.js';
import type { SagaChange } from './saga-store.js';

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
   * An item was found guilty: it broke its batch, or cannot be read, written or encoded as it is. It has come to an end of its own.
   *
   * @param code - how it ended: a code of docs/errors.md
   */
  itemBlamed?(where: BatchPlace, code: string): void;
}

/** Why a message of a reply queue moved no saga. `late` replies stand in their saga's history instead. */
export type IdleReply = 'unknown_saga' | 'other_version' | 'not_a_reply';

/** A saga, by what an observer may want to know of its definition. */
export type ObservedSaga = Pick<SagaDefinition<never, never>, 'name' | 'version' | 'steps'>;

export interface SagaObserver extends BatchObserver {
  /** Told first: the definitions of the sagas whose instances are going to be told of. */
  known?(sagas: readonly ObservedSaga[]): void;
  /**
   * Instances were saved, with what their histories gained.
   *
   * @param now - milliseconds since the epoch, by the database's clock
   */
  saved(changes: readonly SagaChange[], now: number): void;
  /** A message of a reply queue moved no saga. */
  idleReply?(queue: string, why: IdleReply): void;
}

/**
 * What a participant did with a command. `success`, `refusal`, `error` and `withheld`: its handler ran, and this came of it. `duplicate`: it was answered
 * before, and so again. `barred`: it was undone before it came. `nothing_to_undo`: its action had no effect. `expired`: too old to tell. `invalid`: it
 * breaks its contract.
 */
export const COMMAND_FATES = [
  'success',
  'refusal',
  'error',
  'withheld',
  'duplicate',
  'barred',
  'nothing_to_undo',
  'expired',
  'invalid',
] as const;
export type CommandFate = (typeof COMMAND_FATES)[number];

export interface ObservedCommand {
  readonly task: string;
  readonly commandId: string;
  /** null for what is no command of a saga. */
  readonly sagaId: string | null;
  readonly attempt: number;
  /** W3C trace context. */
  readonly traceparent: string | null;
  readonly fate: CommandFate;
  /** The answer; null when it was withheld. */
  readonly outcome: Outcome | null;
}

export interface CommandObserver extends BatchObserver {
  /**
   * Commands of one batch have been handled, and what they did is committed.
   *
   * @param tookMs - how long the set took, in milliseconds: they share a transaction
   */
  handled(commands: readonly ObservedCommand[], tookMs: number): void;
}

/** Tells several observers. What one of them throws is logged, and no more. */
export function sagaObservers(observers: readonly SagaObserver[], logger: Logger): Required<SagaObserver> {
  const tell = teller(observers, logger);
  return {
    ...batchObservers(tell),
    known: (sagas) => tell('known', (each) => each.known?.(sagas)),
    saved: (changes, now) => tell('saved', (each) => each.saved(changes, now)),
    idleReply: (queue, why) => tell('idleReply', (each) => each.idleReply?.(queue, why)),
  };
}

/** Tells several observers. What one of them throws is logged, and no more. */
export function commandObservers(observers: readonly CommandObserver[], logger: Logger): Required<CommandObserver> {
  const tell = teller(observers, logger);
  return {
    ...batchObservers(tell),
    handled: (commands, tookMs) => tell('handled', (each) => each.handled(commands, tookMs)),
  };
}

type Tell<Observer> = (hook: string, call: (observer: Observer) => unknown) => void;

function batchObservers(tell: Tell<BatchObserver>): Required<BatchObserver> {
  return {
    batchFailed: (where, reason) => tell('batchFailed', (each) => each.batchFailed?.(where, reason)),
    itemBlamed: (where, code) => tell('itemBlamed', (each) => each.itemBlamed?.(where, code)),
  };
}

function teller<Observer>(observers: readonly Observer[], logger: Logger): Tell<Observer> {
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

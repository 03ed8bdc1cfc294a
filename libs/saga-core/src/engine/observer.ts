/**
 * Who is told of what saga-core does, to count it or to draw it: metrics and traces. What is told is committed. An observer neither throws nor waits.
 */
import type { Outcome } from '../contract/outcome.js';
import type { SagaChange } from './saga-store.js';

/** Why a message of a reply queue moved no saga. `late` replies stand in their saga's history instead. */
export type IdleReply = 'unknown_saga' | 'other_version' | 'not_a_reply';

export interface SagaObserver {
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

export interface CommandObserver {
  /**
   * Commands of one set have been handled, and what they did is committed.
   *
   * @param tookMs - how long the set took, in milliseconds: they share a transaction
   */
  handled(commands: readonly ObservedCommand[], tookMs: number): void;
}

/** Tells several observers. */
export function sagaObservers(observers: readonly SagaObserver[]): Required<SagaObserver> {
  return {
    saved: (changes, now) => observers.forEach((each) => each.saved(changes, now)),
    idleReply: (queue, why) => observers.forEach((each) => each.idleReply?.(queue, why)),
  };
}

/** Tells several observers. */
export function commandObservers(observers: readonly CommandObserver[]): CommandObserver {
  return { handled: (commands, tookMs) => observers.forEach((each) => each.handled(commands, tookMs)) };
}

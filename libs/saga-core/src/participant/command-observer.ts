/** Who is told of what becomes of commands. */
import type { Logger } from 'pino';
import type { Outcome } from '../contract/outcome.js';
import { batchObservers, teller, type BatchObserver } from '../store/batch-observer.js';

/**
 * What a participant did with a command. `success`, `refusal`, `error` and `withheld`: its handler ran, and this came
 * of it. `duplicate`: it was answered before, and so again. `barred`: it was undone before it came. `nothing_to_undo`:
 * its action had no effect. `expired`: too old to tell. `invalid`: it breaks its contract.
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
   * @param tookMs - how long the batch took, in milliseconds: they share a transaction
   */
  handled(commands: readonly ObservedCommand[], tookMs: number): void;
}

/** Tells several observers. What one of them throws is logged, and no more. */
export function commandObservers(observers: readonly CommandObserver[], logger: Logger): Required<CommandObserver> {
  const tell = teller(observers, logger);
  return {
    ...batchObservers(tell),
    handled: (commands, tookMs) => tell('handled', (each) => each.handled(commands, tookMs)),
  };
}

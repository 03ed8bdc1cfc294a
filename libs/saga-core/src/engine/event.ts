/** Everything that can happen to a saga instance comes as one of these. */
import type { Outcome } from '../contract/outcome.js';

export const OPERATOR_ACTION_TYPES = ['retry', 'compensate', 'skip', 'edit', 'accept', 'give-up'] as const;
export type OperatorActionType = (typeof OPERATOR_ACTION_TYPES)[number];

/** What an operator can do to an instance; each is recorded with who and why. */
export interface OperatorAction {
  readonly type: OperatorActionType;
  readonly by: string;
  readonly reason: string;
  /** The instance's version that the operator saw: the action is refused when it has moved on. Any unless given. */
  readonly version?: number;
  /** For edit: the awaited command's payload from now on. */
  readonly payload?: unknown;
  /** For accept: what the participant is taken to have answered. */
  readonly reply?: unknown;
}

export type SagaEvent =
  | { readonly type: 'started' }
  | { readonly type: 'reply'; readonly commandId: string; readonly outcome: Outcome; readonly redelivered: boolean }
  /** No queue took the command (the broker returned it). */
  | { readonly type: 'returned'; readonly commandId: string }
  /** The awaited command's time may be up. */
  | { readonly type: 'deadline' }
  /** The local step that the last decision asked for has run, in the same transaction. */
  | { readonly type: 'local-outcome'; readonly outcome: Outcome }
  | { readonly type: 'operator'; readonly action: OperatorAction };

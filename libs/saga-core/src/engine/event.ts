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

/** A participant has answered. */
export interface ReplyEvent {
  readonly type: 'reply';
  readonly commandId: string;
  /** The task that is answered; absent only for a reply that was kept when tasks were not. */
  readonly task?: string;
  /** The attempt that is answered, as the participant echoes it; absent where it does not. */
  readonly attempt?: number;
  readonly outcome: Outcome;
  /** It may have been applied before: the broker says so. */
  readonly redelivered: boolean;
}

export type SagaEvent =
  | { readonly type: 'started' }
  | ReplyEvent
  /** No queue took the command (the broker returned it), at this attempt. */
  | { readonly type: 'returned'; readonly commandId: string; readonly attempt?: number }
  /**
   * The broker refused the command, at this attempt: it may not be written there, is too large, or its queue is full.
   */
  | { readonly type: 'refused'; readonly commandId: string; readonly attempt?: number }
  /** The awaited command's time may be up. */
  | { readonly type: 'deadline' }
  /** The local step that the last decision asked for has run, in the same transaction. */
  | { readonly type: 'local-outcome'; readonly outcome: Outcome }
  /** What happened cannot be applied: it fails each time, for reasons that lie in this instance or in its steps. */
  | { readonly type: 'inapplicable'; readonly message: string }
  | { readonly type: 'operator'; readonly action: OperatorAction };

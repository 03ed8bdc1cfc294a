/** Everything that can happen to a saga instance comes as one of these. */
import type { Outcome } from '../contract/outcome.js';

/** What an operator can do to an instance; each is recorded with who and why. */
export interface OperatorAction {
  readonly type: 'retry' | 'compensate' | 'skip' | 'edit';
  readonly by: string;
  readonly reason: string;
  /** The instance's version that the operator saw: the action is refused when it has moved on. Any unless given. */
  readonly version?: number;
  /** For edit: the awaited command's payload from now on. */
  readonly payload?: unknown;
}

export type SagaEvent =
  | { readonly type: 'started' }
  | { readonly type: 'reply'; readonly commandId: string; readonly outcome: Outcome; readonly redelivered: boolean }
  /** No queue took the command (the broker returned it). */
  | { readonly type: 'returned'; readonly commandId: string }
  /** The broker refused the command: it may not be written there, is too large, or its queue takes no more. */
  | { readonly type: 'refused'; readonly commandId: string }
  /** The awaited command's time may be up. */
  | { readonly type: 'deadline' }
  /** The local step that the last decision asked for has run, in the same transaction. */
  | { readonly type: 'local-outcome'; readonly outcome: Outcome }
  /** What happened cannot be applied: it fails each time, for reasons that lie in this instance or in its steps. */
  | { readonly type: 'inapplicable'; readonly message: string }
  | { readonly type: 'operator'; readonly action: OperatorAction };

/** What an instance's history says. */

export const HISTORY_TYPES = [
  'started',
  'command_sent',
  'command_resent',
  'step_succeeded',
  'step_refused',
  'step_failed',
  'step_timed_out',
  'retry_scheduled',
  'compensating',
  'completed',
  'compensated',
  'stuck',
  'reply_ignored',
  'operator_retried',
  'operator_compensated',
  'operator_skipped',
  'operator_edited',
] as const;
export type HistoryType = (typeof HISTORY_TYPES)[number];

/** One thing that happened. An input leaves one row with one or more of these, in order. */
export interface HistoryEntry {
  readonly type: HistoryType;
  readonly step?: string;
  readonly attempt?: number;
  readonly commandId?: string;
  readonly code?: string;
  readonly message?: string;
  readonly details?: unknown;
  /** The command's payload, at its first attempt. */
  readonly payload?: unknown;
  readonly reply?: unknown;
  /** Milliseconds since the epoch: a deadline, or when the next attempt is due. */
  readonly until?: number;
  /** The operator, for what an operator did. */
  readonly by?: string;
  /** How the instance stood before and after what an operator did. */
  readonly before?: Standing;
  readonly after?: Standing;
}

/** How an instance stood, as it concerns an operator. */
export interface Standing {
  readonly status: string;
  /** The awaited command's name; null at the end. */
  readonly step: string | null;
  readonly attempt: number;
  readonly state: string | null;
  /** Where it was edited. */
  readonly payload?: unknown;
}

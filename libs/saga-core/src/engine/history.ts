/** What an instance's history says. */
import { CONSTANTS } from '../settings.js';

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
  'operator_accepted',
  'operator_gave_up',
] as const;
export type HistoryType = (typeof HISTORY_TYPES)[number];

/** What an attempt of a step can come to, by the entry that says so. */
export const ATTEMPT_OUTCOMES: Partial<Record<HistoryType, 'success' | 'refusal' | 'error' | 'timeout'>> = {
  step_succeeded: 'success',
  step_refused: 'refusal',
  step_failed: 'error',
  step_timed_out: 'timeout',
};

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
  /** For replies that are of no use: how many this entry stands for; absent for one. */
  readonly times?: number;
  /** How the business data changed by it; absent when it did not. */
  readonly data?: DataChange;
  /** How long after this its time is up, or the next attempt is due, in milliseconds. */
  readonly dueInMs?: number;
  /** The same as a time, in milliseconds since the epoch: in what was saved before durations were. */
  readonly until?: number;
  /**
   * How long the answer took after the attempt was decided on, or was waited for in vain, in milliseconds; not known
   * for one that came in a pause, or of a local step.
   */
  readonly tookMs?: number;
  /** The operator, for what an operator did. */
  readonly by?: string;
  /** How the instance stood before and after what an operator did. */
  readonly before?: InstanceSnapshot;
  readonly after?: InstanceSnapshot;
}

/**
 * Adds what an event has led to. One input may bring any number of replies that are of no use: the first few are told,
 * and the others counted in the last of these.
 */
export function addEntries(history: HistoryEntry[], entries: readonly HistoryEntry[]): void {
  for (const entry of entries) {
    const ignored = entry.type === 'reply_ignored' ? history.filter(({ type }) => type === 'reply_ignored') : [];
    const last = ignored.at(-1);
    if (!last || ignored.length < CONSTANTS.maxIgnoredPerInput) history.push(entry);
    else history[history.lastIndexOf(last)] = { ...last, times: (last.times ?? 1) + 1 };
  }
}

/** The members of the business data that changed, and only those: one that was added is not in `before`. */
export interface DataChange {
  readonly before: Readonly<Record<string, unknown>>;
  readonly after: Readonly<Record<string, unknown>>;
}

/** How an instance stood, as it concerns an operator. */
export interface InstanceSnapshot {
  readonly status: string;
  /** The awaited command's name; null at the end. */
  readonly step: string | null;
  readonly attempt: number;
  readonly state: string | null;
  /** Where it was edited. */
  readonly payload?: unknown;
}

/** The history of a saga as transitions: for each input what came in, how the saga changed, and what went out. */
import type { SagaDetail } from '../../src/api/schemas/index.js';

export type Entry = SagaDetail['history'][number];

/** How the saga stood, as far as its history says. */
export interface SagaState {
  readonly status: string;
  readonly step: string | null;
  readonly attempt: number;
  readonly state: string | null;
}
export interface Change {
  readonly what: string;
  readonly before: string;
  readonly after: string;
}
export interface Transition {
  readonly number: number;
  readonly at: string;
  /** What set it off: a reply, a deadline, an operator, the start. */
  readonly cause: Entry;
  /** What followed at once, such as local steps and the next command. */
  readonly effects: readonly Entry[];
  readonly changes: readonly Change[];
  /** Since the command was last sent; null unless it tells what became of it. */
  readonly tookMs: number | null;
}

const NOTHING: SagaState = { status: '–', step: null, attempt: 0, state: null };
const STATUS_AFTER: Partial<Record<Entry['type'], string>> = {
  started: 'running',
  compensating: 'compensating',
  completed: 'completed',
  compensated: 'compensated',
  stuck: 'stuck',
};

/** @returns the transitions, oldest first. */
export function transitionsOf(history: readonly Entry[]): Transition[] {
  const sentAt = new Map<string, number>();
  let state = NOTHING;
  return [...Map.groupBy(history, ({ number }) => number).entries()].map(([number, entries]) => {
    const [cause, ...effects] = entries as [Entry, ...Entry[]];
    const before = state;
    state = entries.reduce(after, before);
    const sent =
      cause.commandId === undefined || cause.type === 'command_resent' ? undefined : sentAt.get(cause.commandId);
    for (const { type, commandId, at } of entries)
      if ((type === 'command_sent' || type === 'command_resent') && commandId !== undefined)
        sentAt.set(commandId, Date.parse(at));
    return {
      number,
      at: cause.at,
      cause,
      effects,
      changes: [...changesOf(before, state), ...entries.flatMap(dataChangesOf)],
      tookMs: sent === undefined ? null : Date.parse(cause.at) - sent,
    };
  });
}

function after(current: SagaState, entry: Entry): SagaState {
  const status = STATUS_AFTER[entry.type] ?? current.status;
  if (entry.type === 'command_sent' || entry.type === 'command_resent')
    return { status, step: entry.step ?? null, attempt: entry.attempt ?? 1, state: 'sent' };
  if (entry.type === 'retry_scheduled') return { ...current, state: 'pausing' };
  if (entry.type === 'stuck') return { ...current, status, step: entry.step ?? current.step, state: 'parked' };
  if (entry.type === 'completed' || entry.type === 'compensated') return { ...NOTHING, status };
  return entry.after ? { ...current, ...(entry.after as Partial<SagaState>) } : { ...current, status };
}

function changesOf(before: SagaState, current: SagaState): Change[] {
  const awaited = ({ step, attempt, state }: SagaState) =>
    step === null
      ? 'nothing'
      : `${step}${attempt > 1 ? `, attempt ${attempt}` : ''}${state === 'sent' ? '' : `, ${state}`}`;
  return [
    { what: 'status', before: before.status, after: current.status },
    { what: 'awaits', before: awaited(before), after: awaited(current) },
  ].filter((change) => change.before !== change.after);
}

function dataChangesOf({ data }: Entry): Change[] {
  const shown = (value: unknown) => (value === undefined ? '–' : JSON.stringify(value));
  return Object.entries(data?.after ?? {}).map(([member, value]) => ({
    what: `data.${member}`,
    before: shown(data?.before[member]),
    after: shown(value),
  }));
}

/** The history of a saga as a story: for each input what came in, how the saga changed, and what went out. */
import type { SagaDetail } from '../../src/api/schemas/index.js';

export type Entry = SagaDetail['history'][number];

/** How the saga stood, as far as its history says. */
export interface Standing {
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
export interface Chapter {
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

const NOTHING: Standing = { status: '–', step: null, attempt: 0, state: null };
const STATUS_AFTER: Partial<Record<Entry['type'], string>> = {
  started: 'running',
  compensating: 'compensating',
  completed: 'completed',
  compensated: 'compensated',
  stuck: 'stuck',
};

/** @returns the chapters, oldest first. */
export function storyOf(history: readonly Entry[]): Chapter[] {
  const sentAt = new Map<string, number>();
  let standing = NOTHING;
  return [...Map.groupBy(history, ({ number }) => number).entries()].map(([number, entries]) => {
    const [cause, ...effects] = entries as [Entry, ...Entry[]];
    const before = standing;
    standing = entries.reduce(after, before);
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
      changes: [...changesOf(before, standing), ...entries.flatMap(dataChangesOf)],
      tookMs: sent === undefined ? null : Date.parse(cause.at) - sent,
    };
  });
}

function after(standing: Standing, entry: Entry): Standing {
  const status = STATUS_AFTER[entry.type] ?? standing.status;
  if (entry.type === 'command_sent' || entry.type === 'command_resent')
    return { status, step: entry.step ?? null, attempt: entry.attempt ?? 1, state: 'sent' };
  if (entry.type === 'retry_scheduled') return { ...standing, state: 'pausing' };
  if (entry.type === 'stuck') return { ...standing, status, step: entry.step ?? standing.step, state: 'parked' };
  if (entry.type === 'completed' || entry.type === 'compensated') return { ...NOTHING, status };
  return entry.after ? { ...standing, ...(entry.after as Partial<Standing>) } : { ...standing, status };
}

function changesOf(before: Standing, standing: Standing): Change[] {
  const awaited = ({ step, attempt, state }: Standing) =>
    step === null
      ? 'nothing'
      : `${step}${attempt > 1 ? `, attempt ${attempt}` : ''}${state === 'sent' ? '' : `, ${state}`}`;
  return [
    { what: 'status', before: before.status, after: standing.status },
    { what: 'awaits', before: awaited(before), after: awaited(standing) },
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

/** Holds a run in which nothing goes wrong but what one saga does against what its neighbours need by themselves. */
import type { StoredSaga } from '../orchestrator/saga-store.js';
import type { RunResult } from './plan.js';
import { inWords, sagaNumber } from './story.js';

/** More than the messages of a saga take with the pauses of a schedule between them. */
const UNHARMED_MS = 3_000;

/** Entries that no saga has to which nothing happens. */
const HARM: ReadonlySet<string> = new Set([
  'command_resent',
  'step_failed',
  'step_timed_out',
  'retry_scheduled',
  'compensating',
  'stuck',
  'reply_ignored',
]);

/**
 * @param isGuilty - whether a saga is the one that does it
 * @returns how its neighbours were harmed, a line each
 */
export function neighbourViolations({ sagas }: RunResult, isGuilty: (data: unknown) => boolean): string[] {
  return sagas.filter(({ instance }) => !isGuilty(instance.data)).flatMap(harmOf);
}

function harmOf({ instance, history, createdAt, endedAt }: StoredSaga): string[] {
  const name = `saga ${sagaNumber(instance.id)}`;
  const harm = history.flatMap(({ entries }) => entries).filter(({ type }) => HARM.has(type));
  const tookMs = (endedAt ?? Infinity) - createdAt;
  return [
    ...(instance.status === 'completed' ? [] : [`${name} is ${instance.status}, because of its neighbour`]),
    ...harm.map(({ type, step }) => `${name} has ${type} (${step ?? ''}), because of its neighbour`),
    ...(tookMs > UNHARMED_MS ? [`${name} took ${inWords(tookMs)}, because of its neighbour`] : []),
  ];
}

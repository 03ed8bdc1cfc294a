/** Looks at a run from the outside, and says which promises were broken. */
import type { SagaDefinition } from '../definition/saga.js';
import { hasEnded } from '../engine/instance.js';
import type { HistoryEntry, HistoryType } from '../engine/history.js';
import type { StoredSaga } from '../engine/saga-store.js';
import type { Effect } from './effects.js';
import type { RunResult } from './simulation.js';

/** @returns what is wrong, a line each; empty when every promise was kept */
export function violationsOf(saga: SagaDefinition<never, never>, { sagas, effects, promised }: RunResult): string[] {
  const known = new Set(sagas.map(({ instance }) => instance.id));
  return [
    ...promised.filter((id) => !known.has(id)).map((id) => `saga ${id} was promised and is lost`),
    ...effects.flatMap(effectViolations),
    ...effects
      .filter(({ sagaId }) => !known.has(sagaId))
      .map(({ sagaId, action }) => `${action} happened for saga ${sagaId}, which is not there`),
    ...sagas.flatMap((stored) => sagaViolations(saga, stored, effects)),
  ];
}

function effectViolations({ sagaId, action, done, cameBack }: Effect): string[] {
  const twice = Object.entries(done).filter(([, times]) => times > 1);
  return [
    ...twice.map(([commandId, times]) => `${action} happened ${times} times for command ${commandId}`),
    ...(cameBack ? [`${action} of saga ${sagaId} came back after it was undone`] : []),
  ];
}

function sagaViolations(saga: SagaDefinition<never, never>, stored: StoredSaga, effects: readonly Effect[]): string[] {
  const { id, status } = stored.instance;
  if (!hasEnded(status)) return [`saga ${id} never ends: it is ${status}`];
  const inForce = new Set(
    effects.filter((effect) => effect.sagaId === id && effect.inForce).map(({ action }) => action),
  );
  const wrong = saga.steps
    .filter(({ kind }) => kind !== 'read-only')
    .filter(({ name }) => inForce.has(name) !== (status === 'completed'))
    .map(({ name }) => `saga ${id} is ${status}, and ${name} is ${inForce.has(name) ? '' : 'not '}in force`);
  return [...wrong, ...historyViolations(id, stored)];
}

function historyViolations(id: string, { instance, history }: StoredSaga): string[] {
  const entries: HistoryEntry[] = history.flatMap((row) => row.entries);
  const first = (type: HistoryType): number => entries.findIndex((entry) => entry.type === type);
  const wrong: string[] = [];
  if (first('started') !== 0) wrong.push('does not begin with its start');
  const end = first(instance.status as HistoryType);
  if (end < 0) wrong.push(`does not tell that it is ${instance.status}`);
  if (entries.slice(end + 1).some(({ type }) => type !== 'reply_ignored')) wrong.push('goes on after its end');
  const turn = first('compensating');
  if (turn >= 0 !== (instance.status === 'compensated')) wrong.push('tells of a compensation that its status does not');
  if (history.some(({ version }, index) => version !== index + 1)) wrong.push('has gaps');
  return wrong.map((what) => `the history of saga ${id} ${what}`);
}

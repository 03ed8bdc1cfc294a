/** Looks at a run from the outside, and says which promises were broken. */
import type { SagaDefinition } from '../definition/saga.js';
import { hasEnded } from '../engine/instance.js';
import type { StoredSaga } from '../orchestrator/saga-store.js';
import type { DeadLetterCause } from '../errors.js';
import { attemptViolations, historyViolations, publicationViolations } from './check-history.js';
import { timerViolations } from './check-time.js';
import type { Effect } from './effects.js';
import type { RunResult } from './plan.js';
import { describeCommandId, sagaNumber } from './story.js';

/** @returns what is wrong, a line each; empty when every promise was kept */
export function violationsOf(saga: SagaDefinition, run: RunResult): string[] {
  const { sagas, effects, promised, deadLetters } = run;
  const known = new Set(sagas.map(({ instance }) => instance.id));
  // A process may die over one message again and again; nothing else may become a dead letter.
  const dead = deadLetters.filter(({ headers }) => headers['x-cause'] !== ('CRASH_LOOP' satisfies DeadLetterCause));
  return [
    ...promised.filter((id) => !known.has(id)).map((id) => `saga ${sagaNumber(id)} was promised and is lost`),
    ...effects.flatMap(effectViolations),
    ...effects
      .filter(({ sagaId }) => !known.has(sagaId))
      .map(({ sagaId, action }) => `${action} happened for saga ${sagaNumber(sagaId)}, which is not there`),
    ...dead.map(({ headers, routingKey }) => `${routingKey} has a dead letter: ${String(headers['x-cause'])}`),
    ...run.dataProblems,
    ...publicationViolations(run),
    ...(run.unnoticedJump ? [] : sagas.flatMap((stored) => timerViolations(saga, stored))),
    ...attemptViolations(run),
    ...sagas.flatMap((stored) => [...sagaViolations(saga, stored, effects), ...historyViolations(saga, stored)]),
  ];
}

function effectViolations({ sagaId, action, done, cameBack }: Effect): string[] {
  const twice = Object.entries(done).filter(([, times]) => times > 1);
  return [
    ...twice.map(([id, times]) => `${action} happened ${times} times for command ${describeCommandId(id)}`),
    ...(cameBack ? [`${action} of saga ${sagaNumber(sagaId)} came back after it was undone`] : []),
  ];
}

function sagaViolations(saga: SagaDefinition, stored: StoredSaga, effects: readonly Effect[]): string[] {
  const { id, status } = stored.instance;
  const name = `saga ${sagaNumber(id)}`;
  if (!hasEnded(status)) return [`${name} never ends: it is ${status}`];
  const inForce = new Set(
    effects.filter((effect) => effect.sagaId === id && effect.inForce).map(({ action }) => action),
  );
  const entries = stored.history.flatMap((input) => input.entries);
  // What an operator skips may be in force or not: that is for people to put right.
  const skipped = new Set(entries.filter(({ type }) => type === 'operator_skipped').map(({ step }) => step));
  return saga.steps
    .filter(({ kind, undo, ...step }) => {
      const undoName = undo && ('command' in undo ? undo.command.task : undo.local.name);
      return kind !== 'read-only' && !skipped.has(step.name) && !(undoName && skipped.has(undoName));
    })
    .filter(({ name: action }) => inForce.has(action) !== (status === 'completed'))
    .map(({ name: action }) => `${name} is ${status}, and ${action} is ${inForce.has(action) ? '' : 'not '}in force`);
}

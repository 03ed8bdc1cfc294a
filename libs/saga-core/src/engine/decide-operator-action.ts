/**
 * What operators may do to an instance, and what it leads to. Each action is recorded with who, why, and how the
 * instance stood before and after.
 */
import { asSaved } from '../contract/as-saved.js';
import { describeProblems, problemsOf } from '../contract/validation.js';
import { isRemote } from '../definition/step.js';
import { messageOf, SagaError } from '../errors.js';
import { failureOf, type Draft } from './draft.js';
import type { OperatorAction } from './event.js';
import type { InstanceSnapshot } from './history.js';
import type { SagaInstance } from './instance.js';
import { actionId, compensate, goBack, goForward, send, takeAnswer, turnBack } from './moves.js';

/**
 * @throws {SagaError} ACTION_NOT_ALLOWED when the definition does not allow it now, SAGA_MOVED_ON when it was meant for
 *   another version, INVALID_SAGA_DATA for an edited payload, or an accepted reply, that breaks its schema
 */
export function decideOperatorAction<Data, Tx>(draft: Draft<Data, Tx>, action: OperatorAction): void {
  const { id, version } = draft.instance;
  if (action.version !== undefined && action.version !== version)
    throw new SagaError(
      'SAGA_MOVED_ON',
      `Saga ${id} is at version ${version}, not ${action.version}: look at it again`,
    );
  const withPayload = action.type === 'edit';
  const before = snapshotOf(draft.instance, withPayload);
  const at = draft.history.length;
  onOperator(draft, action);
  draft.history[at] = { ...draft.history[at]!, before, after: snapshotOf(draft.instance, withPayload) };
}

function snapshotOf({ status, awaited }: SagaInstance, withPayload: boolean): InstanceSnapshot {
  return {
    status,
    step: awaited?.name ?? null,
    attempt: awaited?.attempt ?? 0,
    state: awaited?.state ?? null,
    ...(withPayload ? { payload: awaited?.payload ?? null } : {}),
  };
}

function onOperator<Data, Tx>(draft: Draft<Data, Tx>, action: OperatorAction): void {
  if (!draft.instance.awaited) throw new SagaError('ACTION_NOT_ALLOWED', `Saga ${draft.instance.id} has ended`);
  switch (action.type) {
    case 'retry':
      return onRetry(draft, action);
    case 'compensate':
      return onCompensate(draft, action);
    case 'skip':
      return onSkip(draft, action);
    case 'edit':
      return onEdit(draft, action);
    case 'accept':
      return onAccept(draft, action);
    case 'give-up':
      return onGiveUp(draft, action);
  }
}

/** The step gets all its attempts again. */
function onRetry<Data, Tx>(draft: Draft<Data, Tx>, action: OperatorAction): void {
  draft.record({ type: 'operator_retried', told: whoAndWhy(action) });
  send(draft);
}

function onCompensate<Data, Tx>(draft: Draft<Data, Tx>, action: OperatorAction): void {
  if (draft.mustSucceed) throw notAllowed(draft, 'compensate', 'it is past the point from which there is a way back');
  draft.record({ type: 'operator_compensated', told: whoAndWhy(action) });
  turnBack(draft, failureOf('OPERATOR_COMPENSATED', action.reason));
}

/** Goes on as if the step had been done, or undone. */
function onSkip<Data, Tx>(draft: Draft<Data, Tx>, action: OperatorAction): void {
  const { awaited } = draft;
  if (!draft.mustSucceed || draft.pivotHadEffect || draft.instance.status !== 'stuck')
    throw notAllowed(draft, 'skip', 'only a stuck undo or retriable step can be skipped');
  draft.record({ type: 'operator_skipped', told: whoAndWhy(action) });
  if (awaited.direction === 'action') goForward(draft, awaited.step + 1);
  else goBack(draft, awaited.step - 1);
}

/**
 * The command keeps its identity, so that its effect happens once, with the old payload or the new; an undo goes on
 * naming its action.
 */
function onEdit<Data, Tx>(draft: Draft<Data, Tx>, action: OperatorAction): void {
  const { awaited, command } = draft;
  if (!isRemote(command) || awaited.state === 'sent')
    throw notAllowed(draft, 'edit', 'only a command to a participant that is parked or pauses can be edited');
  const given = action.payload;
  const payload = payloadAsSaved(
    awaited.direction === 'undo' ? { ...(given as object), ...actionId(draft, awaited.step) } : given,
  );
  const problems = problemsOf(command.command.payload, payload);
  if (problems.length > 0)
    throw new SagaError('INVALID_SAGA_DATA', `The payload breaks its contract: ${describeProblems(problems)}`);
  draft.record({ type: 'operator_edited', payload, told: whoAndWhy(action) });
  send(draft);
}

/**
 * Takes a stuck step for done, with what the operator says that it answered: the answer that the participant keeps may
 * be of no use for ever.
 */
function onAccept<Data, Tx>(draft: Draft<Data, Tx>, action: OperatorAction): void {
  const { reply } = action;
  if (draft.instance.status !== 'stuck')
    throw notAllowed(draft, 'accept', 'only the outcome of a stuck step can be accepted');
  // A local step answers changes of the data, or nothing.
  if (
    !isRemote(draft.command) &&
    reply !== undefined &&
    (typeof reply !== 'object' || reply === null || Array.isArray(reply))
  )
    throw new SagaError('INVALID_SAGA_DATA', `What ${draft.awaited.name} answers must be changes of the saga's data`);
  draft.record({ type: 'operator_accepted', told: whoAndWhy(action) });
  const problem = takeAnswer(draft, reply);
  if (problem) throw new SagaError('INVALID_SAGA_DATA', problem.message);
}

/** Takes back a stuck pivot that has had its effect: what it did is undone like all before it. */
function onGiveUp<Data, Tx>(draft: Draft<Data, Tx>, action: OperatorAction): void {
  const { awaited, instance, step } = draft;
  if (instance.status !== 'stuck' || awaited.direction !== 'action' || !draft.pivotHadEffect || !step.undo)
    throw notAllowed(draft, 'give up', 'only a stuck pivot whose answer is of no use can be given up');
  draft.record({ type: 'operator_gave_up', told: whoAndWhy(action) });
  compensate(draft, failureOf('OPERATOR_COMPENSATED', action.reason));
}

const whoAndWhy = ({ by, reason }: OperatorAction) => ({ by, message: reason });

function payloadAsSaved(payload: unknown): unknown {
  try {
    return asSaved(payload);
  } catch (thrown) {
    throw new SagaError('INVALID_SAGA_DATA', `The payload cannot be saved: ${messageOf(thrown)}`, { cause: thrown });
  }
}

const notAllowed = <Data, Tx>({ instance }: Draft<Data, Tx>, action: string, why: string): SagaError =>
  new SagaError('ACTION_NOT_ALLOWED', `Saga ${instance.id} cannot ${action}: ${why}`);

/** What operators may do to an instance, and what it leads to. Each action is recorded with who, why, and how the instance stood before and after. */
import { asSaved } from '../contract/as-saved.js';
import { describeProblems, problemsOf } from '../contract/validation.js';
import { isRemote } from '../definition/step.js';
import { messageOf, SagaError } from '../errors.js';
import { applySuccess } from './apply-outcome.js';
import { begin, compensate, proceed, turnBack, undoFrom } from './course.js';
import type { OperatorAction } from './event.js';
import type { Standing } from './history.js';
import type { SagaInstance } from './instance.js';
import { actionId } from './send-command.js';
import { failureOf, type Turn } from './turn.js';

/**
 * @throws {SagaError} ACTION_NOT_ALLOWED when the definition does not allow it now, SAGA_MOVED_ON when it was meant for another version,
 *   INVALID_SAGA_DATA for an edited payload, or an accepted reply, that breaks its schema
 */
export function applyOperatorAction<Data, Tx>(turn: Turn<Data, Tx>, action: OperatorAction): void {
  const { id, version } = turn.instance;
  if (action.version !== undefined && action.version !== version)
    throw new SagaError(
      'SAGA_MOVED_ON',
      `Saga ${id} is at version ${version}, not ${action.version}: look at it again`,
    );
  const withPayload = action.type === 'edit';
  const before = standingOf(turn.instance, withPayload);
  const at = turn.history.length;
  act(turn, action);
  turn.history[at] = { ...turn.history[at]!, before, after: standingOf(turn.instance, withPayload) };
}

function standingOf({ status, awaited }: SagaInstance, withPayload: boolean): Standing {
  return {
    status,
    step: awaited?.name ?? null,
    attempt: awaited?.attempt ?? 0,
    state: awaited?.state ?? null,
    ...(withPayload ? { payload: awaited?.payload ?? null } : {}),
  };
}

function act<Data, Tx>(turn: Turn<Data, Tx>, action: OperatorAction): void {
  const { by, reason } = action;
  const { awaited } = turn;
  const isStuck = turn.instance.status === 'stuck';
  switch (action.type) {
    case 'retry':
      turn.note({ type: 'operator_retried', by, message: reason });
      turn.resume();
      turn.change({ attempt: 1 });
      return proceed(turn);
    case 'compensate':
      if (turn.mustSucceed) throw notAllowed(turn, 'compensate', 'it is past the point from which there is a way back');
      turn.note({ type: 'operator_compensated', by, message: reason });
      return turnBack(turn, failureOf('OPERATOR_COMPENSATED', reason));
    case 'skip':
      if (!turn.mustSucceed || turn.isPastPivot || !isStuck)
        throw notAllowed(turn, 'skip', 'only a stuck undo or retriable step can be skipped');
      turn.note({ type: 'operator_skipped', by, message: reason });
      turn.resume();
      if (awaited.direction === 'action') {
        turn.settle('without-effect');
        return begin(turn, awaited.step + 1);
      }
      turn.settle('undone');
      return undoFrom(turn, awaited.step - 1);
    case 'edit':
      return edit(turn, action);
    case 'accept':
      return accept(turn, action);
    case 'give-up':
      return giveUpPivot(turn, action);
  }
}

/** The command keeps its identity, so that its effect happens once, with the old payload or the new; an undo goes on naming its action. */
function edit<Data, Tx>(turn: Turn<Data, Tx>, { by, reason, payload: given }: OperatorAction): void {
  const { awaited, command } = turn;
  if (!isRemote(command) || awaited.state === 'sent')
    throw notAllowed(turn, 'edit', 'only a command to a participant that is parked or pauses can be edited');
  const payload = payloadAsSaved(
    awaited.direction === 'undo' ? { ...(given as object), ...actionId(turn, awaited.step) } : given,
  );
  const problems = problemsOf(command.command.payload, payload);
  if (problems.length > 0)
    throw new SagaError('INVALID_SAGA_DATA', `The payload breaks its contract: ${describeProblems(problems)}`);
  turn.note({ type: 'operator_edited', by, message: reason });
  turn.resume();
  turn.change({ payload, attempt: 1 });
  proceed(turn);
}

function payloadAsSaved(payload: unknown): unknown {
  try {
    return asSaved(payload);
  } catch (thrown) {
    throw new SagaError('INVALID_SAGA_DATA', `The payload cannot be saved: ${messageOf(thrown)}`, { cause: thrown });
  }
}

/** Takes a stuck step for done, with what the operator says that it answered: the answer that the participant keeps may be of no use for ever. */
function accept<Data, Tx>(turn: Turn<Data, Tx>, { by, reason, reply }: OperatorAction): void {
  if (turn.instance.status !== 'stuck')
    throw notAllowed(turn, 'accept', 'only the outcome of a stuck step can be accepted');
  // A local step answers changes of the data, or nothing.
  if (
    !isRemote(turn.command) &&
    reply !== undefined &&
    (typeof reply !== 'object' || reply === null || Array.isArray(reply))
  )
    throw new SagaError('INVALID_SAGA_DATA', `What ${turn.awaited.name} answers must be changes of the saga's data`);
  turn.note({ type: 'operator_accepted', by, message: reason });
  turn.resume();
  const problem = applySuccess(turn, reply);
  if (problem) throw new SagaError('INVALID_SAGA_DATA', problem.message);
}

/** Takes back a stuck pivot that has had its effect: what it did is undone like all before it. */
function giveUpPivot<Data, Tx>(turn: Turn<Data, Tx>, { by, reason }: OperatorAction): void {
  const { awaited, instance, step } = turn;
  if (instance.status !== 'stuck' || awaited.direction !== 'action' || !turn.isPastPivot || !step.undo)
    throw notAllowed(turn, 'give up', 'only a stuck pivot whose answer is of no use can be given up');
  turn.note({ type: 'operator_gave_up', by, message: reason });
  compensate(turn, failureOf('OPERATOR_COMPENSATED', reason));
}

const notAllowed = <Data, Tx>({ instance }: Turn<Data, Tx>, action: string, why: string): SagaError =>
  new SagaError('ACTION_NOT_ALLOWED', `Saga ${instance.id} cannot ${action}: ${why}`);

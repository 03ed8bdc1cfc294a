/** What operators may do to an instance, and what it leads to. Each action is recorded with who, why, and how the instance stood before and after. */
import { asSaved } from '../contract/as-saved.js';
import { describeProblems, problemsOf } from '../contract/validation.js';
import { isRemote } from '../definition/step.js';
import { messageOf, SagaError } from '../errors.js';
import { begin, proceed, turnBack, undoFrom } from './course.js';
import type { OperatorAction } from './event.js';
import type { Standing } from './history.js';
import type { SagaInstance } from './instance.js';
import { actionId } from './send-command.js';
import { failureOf, type Turn } from './turn.js';

/**
 * @throws {SagaError} ACTION_NOT_ALLOWED when the definition does not allow it now, SAGA_MOVED_ON when it was meant for another version,
 *   INVALID_SAGA_DATA for an edited payload that breaks the command's schema
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
      if (turn.mustSucceed || (turn.step.kind === 'pivot' && isStuck))
        throw notAllowed(turn, 'compensate', 'it is past the point from which there is a way back');
      turn.note({ type: 'operator_compensated', by, message: reason });
      return turnBack(turn, failureOf('OPERATOR_COMPENSATED', reason));
    case 'skip':
      if (!turn.mustSucceed || !isStuck)
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

const notAllowed = <Data, Tx>({ instance }: Turn<Data, Tx>, action: string, why: string): SagaError =>
  new SagaError('ACTION_NOT_ALLOWED', `Saga ${instance.id} cannot ${action}: ${why}`);

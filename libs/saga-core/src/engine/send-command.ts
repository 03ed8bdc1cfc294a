/** Sends the awaited command, or has it run here. Invariant kept here: a command has one identity, and resends keep it. */
import { asSaved } from '../contract/as-saved.js';
import { whyTooLarge } from '../contract/sendable.js';
import { commandIdOf } from '../contract/routing.js';
import { describeProblems, problemsOf } from '../contract/validation.js';
import { isRemote, type RemoteCommand } from '../definition/step.js';
import { messageOf } from '../errors.js';
import { awaitedCommandId } from './instance.js';
import { failureOf, type Problem, type Turn } from './turn.js';

/**
 * Does what the awaited command says: runs it here, or sends it (again).
 *
 * @returns why the command could not be built, for the step has failed then, and certainly had no effect; null when it goes out
 */
export function dispatch<Data, Tx>(turn: Turn<Data, Tx>): Problem | null {
  const { command } = turn;
  if (!isRemote(command)) {
    turn.next = { type: 'local', action: command.local };
    return null;
  }
  const first = turn.awaited.payload === null;
  const problem = first ? build(turn, command) : null;
  if (problem) return problem;
  if (!first) beforeResend(turn);
  const dueInMs = turn.wait('sent', command.retry.replyTimeoutMs);
  const { payload } = turn.awaited;
  turn.note({ type: first ? 'command_sent' : 'command_resent', dueInMs, ...(first ? { payload } : {}) });
  send(turn, command);
  return null;
}

/** Sends the awaited command once more, within the time that it has. */
export function sendAgain<Data, Tx>(turn: Turn<Data, Tx>): void {
  const { command } = turn;
  const { state, until } = turn.awaited;
  if (state !== 'sent' || !isRemote(command)) return;
  beforeResend(turn);
  turn.note({
    type: 'command_resent',
    ...(until === null ? {} : { dueInMs: Math.max(0, Math.round(until - turn.now)) }),
  });
  send(turn, command);
}

/** @returns what an undo names its action by: the orchestrator may never have learned more of it */
export function actionId<Data, Tx>({ instance }: Turn<Data, Tx>, step: number): { actionId: string } {
  return { actionId: commandIdOf(instance.id, instance.actions[step]!.sequence) };
}

/** What was sent and did not come back may lie in a queue, even if the same command, sent again, finds none. */
function beforeResend<Data, Tx>(turn: Turn<Data, Tx>): void {
  if (turn.awaited.state === 'sent') turn.change({ mayHaveArrived: true });
}

function build<Data, Tx>(turn: Turn<Data, Tx>, command: RemoteCommand<Data>): Problem | null {
  try {
    const given = command.payload(turn.instance.data as Data) as object;
    const isUndo = turn.awaited.direction === 'undo';
    // What is checked is what is sent, now and again.
    const payload = asSaved(isUndo ? { ...given, ...actionId(turn, turn.awaited.step) } : given);
    const problems = problemsOf(command.command.payload, payload);
    if (problems.length > 0) throw new TypeError(`The payload breaks its contract: ${describeProblems(problems)}`);
    const tooLarge = whyTooLarge(payload);
    if (tooLarge !== null) throw new TypeError(`The payload is too large: ${tooLarge}`);
    turn.change({ payload });
    return null;
  } catch (thrown) {
    return failureOf('COMMAND_NOT_BUILT', messageOf(thrown));
  }
}

function send<Data, Tx>(turn: Turn<Data, Tx>, command: RemoteCommand<Data>): void {
  const { id, sagaName, traceparent } = turn.instance;
  turn.next = {
    type: 'send',
    command: {
      contract: command.command,
      commandId: awaitedCommandId(turn.instance)!,
      replyTo: turn.definition.replyAddress,
      sagaId: id,
      sagaName,
      step: turn.step.name,
      attempt: turn.awaited.attempt,
      traceparent,
      payload: turn.awaited.payload,
    },
  };
}

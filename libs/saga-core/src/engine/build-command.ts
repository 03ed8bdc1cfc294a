/** Builds the awaited command. Invariant kept here: a command has one identity, and resends keep it. */
import { asSaved } from '../contract/as-saved.js';
import type { CommandToSend } from '../contract/command-message.js';
import { whyTooLarge } from '../contract/sendable.js';
import { commandIdOf } from '../contract/routing.js';
import { describeProblems, problemsOf } from '../contract/validation.js';
import type { RemoteCommand } from '../definition/step.js';
import { messageOf } from '../errors.js';
import { failureOf, type Draft } from './draft.js';
import type { Problem } from './evolve.js';
import { awaitedCommandId } from './instance.js';

/** @returns the payload of the awaited command, or why there is none: the step has failed then, and certainly had no effect */
export function buildPayload<Data, Tx>(
  draft: Draft<Data, Tx>,
  command: RemoteCommand<Data>,
): { readonly payload: unknown } | { readonly problem: Problem } {
  try {
    const given = command.payload(draft.instance.data as Data) as object;
    const isUndo = draft.awaited.direction === 'undo';
    // What is checked is what is sent, now and again.
    const payload = asSaved(isUndo ? { ...given, ...actionId(draft, draft.awaited.step) } : given);
    const problems = problemsOf(command.command.payload, payload);
    if (problems.length > 0) throw new TypeError(`The payload breaks its contract: ${describeProblems(problems)}`);
    const tooLarge = whyTooLarge(payload);
    if (tooLarge !== null) throw new TypeError(`The payload is too large: ${tooLarge}`);
    return { payload };
  } catch (thrown) {
    return { problem: failureOf('COMMAND_NOT_BUILT', messageOf(thrown)) };
  }
}

/** @returns what an undo names its action by: the orchestrator may never have learned more of it */
export function actionId<Data, Tx>({ instance }: Draft<Data, Tx>, step: number): { actionId: string } {
  return { actionId: commandIdOf(instance.id, instance.actions[step]!.sequence) };
}

/** @returns the awaited command as it is sent, the first time and each other */
export function commandToSend<Data, Tx>(draft: Draft<Data, Tx>, { command }: RemoteCommand<Data>): CommandToSend {
  const { id, sagaName, traceparent } = draft.instance;
  const { attempt, payload } = draft.awaited;
  return {
    contract: command,
    commandId: awaitedCommandId(draft.instance)!,
    replyTo: draft.definition.replyAddress,
    sagaId: id,
    sagaName,
    step: draft.step.name,
    attempt,
    traceparent,
    payload,
  };
}

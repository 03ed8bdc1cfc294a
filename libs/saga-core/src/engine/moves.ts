/**
 * What a decision leads to: a saga goes forward, goes back, sends its command, pauses, or is parked. Invariants kept
 * here:
 * - Unknown is not failed: a step that may have happened is undone as well.
 * - A saga that is late turns back before the pivot, and only goes forward after it.
 * - Nothing ends silently: what cannot be finished is stuck.
 * - A command has one identity, and resends keep it.
 */
import { asSaved } from '../contract/as-saved.js';
import type { CommandToSend } from '../contract/command-message.js';
import { commandIdOf } from '../contract/routing.js';
import { whyTooLarge } from '../contract/sendable.js';
import { describeProblems, problemsOf } from '../contract/validation.js';
import type { SagaDefinition } from '../definition/saga.js';
import { isRemote, nameOf, type RemoteCommand } from '../definition/step.js';
import { messageOf } from '../errors.js';
import { backoffMs } from '../util/backoff.js';
import { failureOf, type Draft } from './draft.js';
import type { Problem } from './evolve.js';
import type { DataChange } from './history.js';
import { awaitedCommandId, type ActionRecord } from './instance.js';
import { withChanges, type ChangedData } from './saga-data.js';

/** Goes on with a step's action; completes the saga after the last one; turns back when the saga is late. */
export function goForward<Data, Tx>(draft: Draft<Data, Tx>, step: number): void {
  if (step === draft.definition.steps.length) return draft.record({ type: 'completed' });
  if (step > 0 && draft.sagaDeadline <= draft.now) return compensate(draft, sagaDeadlineExceeded(draft));
  begin(draft, step, 'action');
}

/** Undoes what is to be undone, from a step on back to the first; ends the saga when there is nothing left. */
export function goBack<Data, Tx>(draft: Draft<Data, Tx>, from: number): void {
  const step = stepsToUndo(draft.definition, draft.instance.actions, from)[0];
  if (step === undefined) return draft.record({ type: 'compensated' });
  begin(draft, step, 'undo');
}

function begin<Data, Tx>(draft: Draft<Data, Tx>, step: number, direction: 'action' | 'undo'): void {
  const { action, undo } = draft.definition.steps[step]!;
  draft.record({ type: 'command_begun', step, name: nameOf(direction === 'action' ? action : undo!), direction });
  send(draft);
}

/**
 * Takes what the awaited command brought, and goes on to what comes next.
 *
 * @returns why it is of no use, and then nothing has changed; null otherwise
 */
export function takeAnswer<Data, Tx>(draft: Draft<Data, Tx>, reply: unknown): Problem | null {
  const { awaited, command, instance, tookMs } = draft;
  if (isRemote(command)) {
    const problems = problemsOf(command.command.reply, reply);
    if (problems.length > 0)
      return failureOf('INVALID_REPLY', `The reply breaks its contract: ${describeProblems(problems)}`);
  }
  let changed: ChangedData = { data: instance.data, change: null };
  let said: unknown;
  try {
    said = asSaved(reply);
    if (awaited.direction === 'action') {
      const changes = isRemote(command) ? command.onReply?.(instance.data as Data, said) : reply;
      changed = withChanges(draft.definition, instance.data, changes);
    }
  } catch (thrown) {
    return failureOf('REPLY_NOT_APPLIED', messageOf(thrown));
  }
  const { data, change } = changed;
  const told: { reply?: unknown; data?: DataChange } = {};
  if (said !== undefined) told.reply = said;
  if (change) told.data = change;
  draft.record({ type: 'step_succeeded', data, tookMs, told });
  if (awaited.direction === 'action') goForward(draft, awaited.step + 1);
  else goBack(draft, awaited.step - 1);
  return null;
}

/**
 * Sends the awaited command, be it for the first time or again, or has it run here. One that cannot be built has
 * failed.
 */
export function send<Data, Tx>(draft: Draft<Data, Tx>): void {
  const { command, awaited } = draft;
  if (!isRemote(command)) {
    draft.next = { type: 'local', action: command.local };
    return;
  }
  const { wait, dueInMs } = draft.waitFor(command.retry.replyTimeoutMs);
  if (awaited.payload === null) {
    const built = buildPayload(draft, command);
    if ('problem' in built) {
      draft.record({ type: 'step_failed', ...built, arrived: false, hadEffect: null });
      return compensateOrPark(draft, built.problem);
    }
    const { payload } = built;
    draft.record({ type: 'command_sent', payload, wait, told: { dueInMs, payload } });
  } else {
    draft.record({ type: 'command_resent', wait, told: { dueInMs } });
  }
  draft.next = { type: 'send', command: commandToSend(draft, command) };
}

/** Sends the awaited command once more, within the time that its attempt has. */
export function sendAgain<Data, Tx>(draft: Draft<Data, Tx>): void {
  const { command, awaited } = draft;
  if (awaited.state !== 'sent' || !isRemote(command)) return;
  const told = awaited.until === null ? {} : { dueInMs: draft.msUntil(awaited.until) };
  draft.record({ type: 'command_resent', wait: null, told });
  draft.next = { type: 'send', command: commandToSend(draft, command) };
}

/** Tries the awaited command again after a pause, as long as it has attempts left. */
export function pause<Data, Tx>(draft: Draft<Data, Tx>, problem: Problem): void {
  const { attempts, backoff } = draft.command.retry;
  const { attempt } = draft.awaited;
  if (attempt >= attempts) return compensateOrPark(draft, problem);
  const { wait, dueInMs } = draft.waitFor(backoffMs(backoff, attempt, draft.instance.id));
  draft.record({ type: 'retry_scheduled', wait, told: { dueInMs } });
}

/** The step has failed for good: there is a way back before the pivot is known to have happened, and none after. */
export function compensateOrPark<Data, Tx>(draft: Draft<Data, Tx>, problem: Problem): void {
  if (draft.mustSucceed) return park(draft, problem);
  compensate(draft, problem, draft.hadNoEffect ? false : null);
}

/**
 * Turns the saga back from its awaited step on.
 *
 * @param hadEffect - false where that step certainly had no effect: then it needs no undo
 */
export function compensate<Data, Tx>(draft: Draft<Data, Tx>, problem: Problem, hadEffect: false | null = null): void {
  const { step } = draft.awaited;
  draft.record({ type: 'compensating', problem, hadEffect });
  goBack(draft, step);
}

/**
 * Turns the saga back while its awaited step is not done. A step that failed, and waits to be tried again, needs no
 * undo when it has certainly had no effect.
 */
export function turnBack<Data, Tx>(draft: Draft<Data, Tx>, problem: Problem): void {
  compensate(draft, problem, draft.awaited.state === 'pausing' && draft.hadNoEffect ? false : null);
}

/** Nothing is tried any more until an operator acts; a late reply counts still. */
export function park<Data, Tx>(draft: Draft<Data, Tx>, problem: Problem): void {
  draft.record({ type: 'stuck', problem });
}

/** @returns the problem of a saga that took longer than it may */
export const sagaDeadlineExceeded = <Data, Tx>({ definition }: Draft<Data, Tx>): Problem =>
  failureOf('SAGA_DEADLINE', `The saga has not come past its pivot within ${definition.deadlineMs} ms`);

/** @returns the indexes of the steps that an undo awaits, in the order in which they are undone, from `last` on */
export function stepsToUndo(definition: SagaDefinition, actions: readonly ActionRecord[], last: number): number[] {
  return definition.steps
    .map((_step, index) => index)
    .slice(0, last + 1)
    .reverse()
    .filter((index) => {
      const state = actions[index]?.state;
      return definition.steps[index]!.undo !== null && (state === 'succeeded' || state === 'unknown');
    });
}

/**
 * @returns the payload of the awaited command, or why there is none: the step has failed then, and certainly had no
 *   effect
 */
function buildPayload<Data, Tx>(
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
function commandToSend<Data, Tx>(draft: Draft<Data, Tx>, { command }: RemoteCommand<Data>): CommandToSend {
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

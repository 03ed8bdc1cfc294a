/**
 * Decides what becomes of an instance: one function for each thing that can happen to it. "The decision" in the README
 * of saga-core is the table of these functions, by what the instance waits for. Each records facts (evolve.ts), and
 * goes on with one of the moves (moves.ts). Invariants kept here:
 * - It is pure. No clock, no network, no database; replies, deadlines and operators all go through it.
 * - A reply counts only for the command awaited now, of the task that was sent, and each attempt's once; others are
 *   recorded.
 * - A refusal compensates. An error and silence are tried again, then compensated before the pivot and parked after it.
 *   How often and after which pause, `pause` in moves.ts tells; nothing else retries.
 */
import type { Outcome } from '../contract/outcome.js';
import type { SagaDefinition } from '../definition/saga.js';
import { isRemote } from '../definition/step.js';
import type { FailureCode } from '../errors.js';
import { CONSTANTS } from '../settings.js';
import { bounded } from '../util/bounded.js';
import { decideOperatorAction } from './decide-operator-action.js';
import { Draft, failureOf, type NextAction } from './draft.js';
import type { ReplyEvent, SagaEvent } from './event.js';
import type { Problem } from './evolve.js';
import type { HistoryEntry } from './history.js';
import { awaitedCommandId, type AwaitedCommand, type SagaInstance } from './instance.js';
import {
  compensate,
  compensateOrPark,
  goForward,
  sagaDeadlineExceeded,
  park,
  pause,
  send,
  sendAgain,
  takeAnswer,
  turnBack,
} from './moves.js';

/** What an event leads to. */
export interface Decision<Data, Tx> {
  readonly instance: SagaInstance;
  readonly history: readonly HistoryEntry[];
  /** send: publish after the commit. local: run in this transaction, then come back with `local-outcome`. */
  readonly next: NextAction<Data, Tx> | null;
}

/**
 * Decides what an event leads to, and says how the instance stands then.
 *
 * @param definition - of the instance's saga and version
 * @param instance - as it was saved
 * @param event - what happened
 * @param now - milliseconds since the epoch, by the sagas' clock
 * @returns the next instance, what its history gains, and what to do
 * @throws {SagaError} for an operator's action: ACTION_NOT_ALLOWED when the definition does not allow it now,
 *   SAGA_MOVED_ON when it was meant for another version, INVALID_SAGA_DATA for an edited payload, or an accepted reply,
 *   that breaks its schema
 */
export function transition<Data, Tx>(
  definition: SagaDefinition<Data, Tx>,
  instance: SagaInstance,
  event: SagaEvent,
  now: number,
): Decision<Data, Tx> {
  const draft = new Draft(definition, instance, now);
  decide(draft, event);
  return { instance: draft.instance, history: draft.history, next: draft.next };
}

function decide<Data, Tx>(draft: Draft<Data, Tx>, event: SagaEvent): void {
  switch (event.type) {
    case 'started':
      return onStarted(draft);
    case 'reply':
      return onReply(draft, event);
    case 'local-outcome':
      return onOutcome(draft, event.outcome);
    case 'returned':
    case 'refused':
      return onUndelivered(draft, event);
    case 'deadline':
      return onDeadline(draft);
    case 'inapplicable':
      return onInapplicable(draft, event.message);
    case 'operator':
      return decideOperatorAction(draft, event.action);
  }
}

function onStarted<Data, Tx>(draft: Draft<Data, Tx>): void {
  draft.record({ type: 'started' });
  goForward(draft, 0);
}

/** A reply has no effect unless it answers what is awaited, and says something new. */
function onReply<Data, Tx>(draft: Draft<Data, Tx>, reply: ReplyEvent): void {
  const { awaited } = draft.instance;
  const { commandId, outcome } = reply;
  const { kind } = outcome;
  if (!awaited || commandId !== awaitedCommandId(draft.instance)) return onReplyToEarlierCommand(draft, reply);
  if (reply.task !== undefined && reply.task !== awaited.name)
    return ignore(draft, { commandId, kind, why: `It answers ${reply.task}, not ${awaited.name}` });
  if (wasCounted(awaited, reply)) return ignore(draft, { commandId, kind, why: 'Its attempt was counted before' });
  onOutcome(draft, outcome);
}

/**
 * A reply that comes when the saga has gone on, a doubled one, or one to a command that was never sent. (One that is
 * late, but to the command that is awaited still, counts.) If the broker says that it delivers it again, the
 * process that applied it may have died before it published what came next: that command is sent once more. A merely
 * doubled reply must not do so, or all that follows would be doubled.
 */
function onReplyToEarlierCommand<Data, Tx>(draft: Draft<Data, Tx>, reply: ReplyEvent): void {
  ignore(draft, { commandId: reply.commandId, kind: reply.outcome.kind });
  if (reply.redelivered && draft.instance.awaited) sendAgain(draft);
}

function onOutcome<Data, Tx>(draft: Draft<Data, Tx>, outcome: Outcome): void {
  switch (outcome.kind) {
    case 'success':
      return onSuccess(draft, outcome.reply);
    case 'refusal':
      return onRefusal(draft, outcome);
    case 'error':
      return isFinal(outcome.code) ? onExpired(draft, outcome) : onError(draft, outcome);
  }
}

function onSuccess<Data, Tx>(draft: Draft<Data, Tx>, reply: unknown): void {
  const problem = takeAnswer(draft, reply);
  if (problem) onUnusableAnswer(draft, reply, problem);
}

/**
 * The participant has done it, but its answer is of no use here; asking again brings the same. After the pivot an
 * operator says what to take.
 */
function onUnusableAnswer<Data, Tx>(draft: Draft<Data, Tx>, reply: unknown, problem: Problem): void {
  if (draft.instance.status === 'stuck') {
    // It came again, and is of no more use than before.
    const commandId = awaitedCommandId(draft.instance)!;
    return ignore(draft, { commandId, kind: 'success', why: `It is of no use: ${problem.code}`, arrived: true });
  }
  const { command, step, awaited, tookMs } = draft;
  const isPivot = step.kind === 'pivot' && awaited.direction === 'action';
  // Whoever mends it by hand must know what was answered.
  const told = isRemote(command) ? { reply: bounded(reply) } : {};
  draft.record({ type: 'step_failed', problem, tookMs, arrived: true, hadEffect: isPivot || null, told });
  if (draft.mustSucceed) return park(draft, problem);
  compensate(draft, problem);
}

function onRefusal<Data, Tx>(draft: Draft<Data, Tx>, problem: Problem): void {
  const { pivotHadEffect, mustSucceed, tookMs } = draft;
  draft.record({
    type: 'step_refused',
    problem,
    tookMs,
    hadEffect: mustSucceed ? null : false,
    // The participant has stored this refusal under this identity: only a new one can be answered otherwise.
    newIdentity: mustSucceed && !pivotHadEffect,
  });
  // It has had its effect: a new command would have it twice.
  if (pivotHadEffect) return park(draft, problem);
  if (!mustSucceed) return compensate(draft, problem);
  pause(draft, problem);
}

function onError<Data, Tx>(draft: Draft<Data, Tx>, problem: Problem): void {
  draft.record({ type: 'step_failed', problem, tookMs: draft.tookMs, arrived: true, hadEffect: null });
  pause(draft, problem);
}

/** The participant may have forgotten the command: asking again cannot help. */
function onExpired<Data, Tx>(draft: Draft<Data, Tx>, problem: Problem): void {
  draft.record({ type: 'step_failed', problem, tookMs: draft.tookMs, arrived: true, hadEffect: null });
  compensateOrPark(draft, problem);
}

/** No queue takes the command, and the broker returned it; or the broker refused it. */
function onUndelivered<Data, Tx>(
  draft: Draft<Data, Tx>,
  { type, commandId, attempt }: Extract<SagaEvent, { type: 'returned' | 'refused' }>,
): void {
  if (commandId !== awaitedCommandId(draft.instance) || draft.awaited.state !== 'sent') return;
  if (attempt !== undefined && attempt !== draft.awaited.attempt) return;
  const problem =
    type === 'returned'
      ? failureOf('UNROUTABLE', 'No queue takes this command: is the participant set up?')
      : failureOf('PUBLICATION_REFUSED', 'The broker refused this command: the log says why');
  // A queue that took it and did not confirm it in the end refuses it too.
  draft.record({ type: 'step_failed', problem, arrived: type === 'refused', hadEffect: null });
  pause(draft, problem);
}

/** Does nothing before the time is up. */
function onDeadline<Data, Tx>(draft: Draft<Data, Tx>): void {
  const { awaited } = draft.instance;
  if (awaited?.until == null || awaited.until > draft.now) return;
  if (awaited.atSagaDeadline || draft.sagaDeadline <= draft.now) return onSagaDeadline(draft);
  if (awaited.state === 'sent') return onReplyTimeout(draft);
  onPauseOver(draft);
}

function onSagaDeadline<Data, Tx>(draft: Draft<Data, Tx>): void {
  turnBack(draft, sagaDeadlineExceeded(draft));
}

function onReplyTimeout<Data, Tx>(draft: Draft<Data, Tx>): void {
  const { replyTimeoutMs, attempts } = draft.command.retry;
  const problem = failureOf('REPLY_TIMEOUT', `No reply within ${replyTimeoutMs} ms`);
  draft.record({ type: 'step_timed_out', problem, tookMs: draft.tookMs });
  if (draft.awaited.attempt >= attempts) return compensateOrPark(draft, problem);
  draft.record({ type: 'attempt_begun' });
  send(draft);
}

function onPauseOver<Data, Tx>(draft: Draft<Data, Tx>): void {
  draft.record({ type: 'attempt_begun' });
  send(draft);
}

function onInapplicable<Data, Tx>(draft: Draft<Data, Tx>, message: string): void {
  if (draft.instance.awaited) park(draft, failureOf('INPUT_NOT_APPLIED', message));
}

/**
 * An error uses up an attempt, so one that was counted, or whose attempt timed out, is not counted again. While nothing
 * is sent, each error is such a one. Once the command was sent again, the attempt that the participant echoes tells; if
 * it echoes none, only what the broker delivers again is taken for a doubled one: then the attempt may have to wait for
 * its time to be up, but uses up no other.
 */
function wasCounted({ state, attempt }: AwaitedCommand, reply: ReplyEvent): boolean {
  if (reply.outcome.kind !== 'error') return false;
  if (state === 'parked') return true;
  if (isFinal(reply.outcome.code)) return false;
  if (state === 'pausing') return true;
  return reply.attempt === undefined ? reply.redelivered && attempt > 1 : reply.attempt !== attempt;
}

/** Time does not make it younger. */
const isFinal = (code: string): boolean => code === ('COMMAND_EXPIRED' satisfies FailureCode);

interface Ignored {
  readonly commandId: string;
  readonly kind: Outcome['kind'];
  readonly why?: string;
  /** It says at least that the awaited command arrived. */
  readonly arrived?: boolean;
}

/** Records a reply that has no effect. */
function ignore<Data, Tx>(draft: Draft<Data, Tx>, { commandId, kind, why, arrived = false }: Ignored): void {
  // Without end they would fill the history of a saga that is long over.
  if (draft.instance.version >= CONSTANTS.maxInputsWithIgnored) return;
  draft.record({
    type: 'reply_ignored',
    arrived,
    told: { commandId, code: kind, ...(why === undefined ? {} : { message: why }) },
  });
}

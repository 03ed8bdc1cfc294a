/**
 * What becomes of the outcomes of commands. Invariants kept here:
 * - A reply counts only for the command awaited now, of the task that was sent, and each attempt's once; others are recorded.
 * - Retries live here alone: refusal compensates; error and silence are tried again, then compensated before the pivot and parked after it.
 */
import { asSaved } from '../contract/as-saved.js';
import type { Outcome } from '../contract/outcome.js';
import { describeProblems, problemsOf } from '../contract/validation.js';
import { isRemote } from '../definition/step.js';
import { messageOf, type FailureCode } from '../errors.js';
import { DEFAULTS } from '../settings.js';
import { backoffMs } from './backoff.js';
import { bounded } from './bounded.js';
import { begin, compensate, giveUp, park, undoFrom } from './course.js';
import type { ReplyEvent, SagaEvent } from './event.js';
import type { DataChange } from './history.js';
import { awaitedCommandId, type AwaitedCommand } from './instance.js';
import { withChanges } from './saga-data.js';
import { sendAgain } from './send-command.js';
import { failureOf, problemOf, type Problem, type Turn } from './turn.js';

type Return = Extract<SagaEvent, { type: 'returned' | 'refused' }>;

/** Takes a participant's reply. */
export function applyReply<Data, Tx>(turn: Turn<Data, Tx>, reply: ReplyEvent): void {
  const { awaited } = turn.instance;
  if (!awaited || reply.commandId !== awaitedCommandId(turn.instance)) {
    ignore(turn, reply.commandId, reply.outcome.kind);
    if (reply.redelivered && awaited) sendAgain(turn);
    return;
  }
  if (reply.task !== undefined && reply.task !== awaited.name)
    return ignore(turn, reply.commandId, reply.outcome.kind, `It answers ${reply.task}, not ${awaited.name}`);
  if (wasCounted(awaited, reply))
    return ignore(turn, reply.commandId, reply.outcome.kind, 'Its attempt was counted before');
  applyOutcome(turn, reply.outcome);
}

/**
 * An error uses up an attempt, so one that was counted, or whose attempt timed out, is not counted again. While nothing is sent, each error is such a one.
 * Once the command was sent again, the attempt that the participant echoes tells; if it echoes none, only what the broker delivers again is taken
 * for a doubled one: then the attempt may have to wait for its time to be up, but uses up no other.
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

/** Takes the outcome of the awaited command. */
export function applyOutcome<Data, Tx>(turn: Turn<Data, Tx>, outcome: Outcome): void {
  turn.measure();
  // A late answer frees a parked instance.
  const wasStuck = turn.instance.status === 'stuck';
  if (wasStuck) turn.resume();
  turn.change({ mayHaveArrived: true });
  switch (outcome.kind) {
    case 'success':
      return succeed(turn, outcome.reply, wasStuck);
    case 'refusal':
      turn.note({ type: 'step_refused', ...problemOf(outcome) });
      // It has had its effect: a new command would have it twice.
      if (turn.isPastPivot) return cannotUse(turn, outcome);
      if (!turn.mustSucceed) {
        turn.settle('without-effect');
        return compensate(turn, outcome);
      }
      // The participant has stored this refusal under this identity: only a new one can be answered otherwise.
      turn.change({ sequence: ++turn.instance.sequence });
      return tryAgain(turn, outcome);
    case 'error':
      if (isFinal(outcome.code)) return giveUp(turn, outcome);
      return fail(turn, outcome);
  }
}

/** Takes what the broker returned, for no queue takes the command, or refused. */
export function applyReturn<Data, Tx>(turn: Turn<Data, Tx>, { type, commandId, attempt }: Return): void {
  if (commandId !== awaitedCommandId(turn.instance) || turn.awaited.state !== 'sent') return;
  if (attempt !== undefined && attempt !== turn.awaited.attempt) return;
  if (type === 'returned')
    return fail(turn, failureOf('UNROUTABLE', 'No queue takes this command: is the participant set up?'));
  // A queue that took it and did not confirm it in the end refuses it too.
  turn.change({ mayHaveArrived: true });
  fail(turn, failureOf('PUBLICATION_REFUSED', 'The broker refused this command: the log says why'));
}

/**
 * Records a late, doubled or foreign reply. If the broker says that it delivers again the reply to a command of before, the process that applied it may
 * have died before it published what came next: that command is sent once more. A merely doubled reply must not do so, or all that follows would be doubled.
 */
function ignore<Data, Tx>(turn: Turn<Data, Tx>, commandId: string, code: Outcome['kind'], message?: string): void {
  // Without end they would fill the history of a saga that is long over.
  if (turn.instance.version >= DEFAULTS.maxInputsWithIgnored) return;
  turn.history.push({ type: 'reply_ignored', commandId, code, ...(message ? { message } : {}) });
}

function succeed<Data, Tx>(turn: Turn<Data, Tx>, reply: unknown, wasStuck: boolean): void {
  const problem = applySuccess(turn, reply);
  if (!problem) return;
  if (wasStuck) {
    // It came again, and is of no more use than before.
    turn.instance.status = 'stuck';
    return ignore(turn, awaitedCommandId(turn.instance)!, 'success', `It is of no use: ${problem.code}`);
  }
  // Whoever mends it by hand must know what was answered.
  const answer = isRemote(turn.command) ? { reply: bounded(reply) } : {};
  turn.note({ type: 'step_failed', ...problemOf(problem), ...answer });
  cannotUse(turn, problem);
}

/**
 * Takes what the awaited command brought, and goes on to what comes next.
 *
 * @returns why it is of no use, and then nothing has changed; null otherwise
 */
export function applySuccess<Data, Tx>(turn: Turn<Data, Tx>, reply: unknown): Problem | null {
  const { step, direction } = turn.awaited;
  const { command, instance } = turn;
  if (isRemote(command)) {
    const problems = problemsOf(command.command.reply, reply);
    if (problems.length > 0)
      return failureOf('INVALID_REPLY', `The reply breaks its contract: ${describeProblems(problems)}`);
  }
  let data: DataChange | null = null;
  let said: unknown;
  try {
    said = asSaved(reply);
    if (direction === 'action') {
      const changes = isRemote(command) ? command.onReply?.(instance.data as Data, said) : reply;
      const changed = withChanges(turn.definition, instance.data, changes);
      instance.data = changed.data;
      data = changed.change;
    }
  } catch (thrown) {
    return failureOf('REPLY_NOT_APPLIED', messageOf(thrown));
  }
  turn.note({ type: 'step_succeeded', ...(said === undefined ? {} : { reply: said }), ...(data ? { data } : {}) });
  turn.settle(direction === 'action' ? 'succeeded' : 'undone');
  if (direction === 'action') begin(turn, step + 1);
  else undoFrom(turn, step - 1);
  return null;
}

/** The participant has done it, but its answer is of no use here; asking again brings the same. After the pivot an operator says what to take. */
function cannotUse<Data, Tx>(turn: Turn<Data, Tx>, problem: Problem): void {
  turn.remember(problem);
  if (turn.step.kind === 'pivot' && turn.awaited.direction === 'action') turn.settle('succeeded');
  if (turn.mustSucceed) return park(turn, problem);
  compensate(turn, problem);
}

function fail<Data, Tx>(turn: Turn<Data, Tx>, problem: Problem): void {
  turn.note({ type: 'step_failed', ...problemOf(problem) });
  tryAgain(turn, problem);
}

/** After a pause, as long as there are attempts left. */
function tryAgain<Data, Tx>(turn: Turn<Data, Tx>, problem: Problem): void {
  turn.remember(problem);
  const { attempts, backoff } = turn.command.retry;
  const { attempt } = turn.awaited;
  if (attempt >= attempts) return giveUp(turn, problem, false);
  const dueInMs = turn.wait('pausing', backoffMs(backoff, attempt, turn.instance.id));
  turn.note({ type: 'retry_scheduled', dueInMs });
}

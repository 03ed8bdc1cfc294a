/**
 * What becomes of the outcomes of commands. Invariants kept here:
 * - A reply counts only for the command awaited now; others are recorded.
 * - Retries live here alone: refusal compensates; error and silence are tried again, then compensated before the pivot and parked after it.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Outcome } from '../contract/outcome.js';
import { describeProblems, problemsOf } from '../contract/validation.js';
import { isRemote } from '../definition/step.js';
import { messageOf, type FailureCode } from '../errors.js';
import { DEFAULTS } from '../settings.js';
import { backoffMs } from './backoff.js';
import { bounded } from './bounded.js';
import { begin, compensate, giveUp, park, undoFrom } from './course.js';
import type { SagaEvent } from './event.js';
import type { DataChange } from './history.js';
import { awaitedCommandId } from './instance.js';
import { sendAgain } from './send-command.js';
import { failureOf, problemOf, type Problem, type Turn } from './turn.js';

type Reply = Extract<SagaEvent, { type: 'reply' }>;

/** Takes a participant's reply. */
export function applyReply<Data, Tx>(turn: Turn<Data, Tx>, reply: Reply): void {
  if (reply.commandId !== awaitedCommandId(turn.instance)) return ignore(turn, reply);
  applyOutcome(turn, reply.outcome);
}

/** Takes the outcome of the awaited command. */
export function applyOutcome<Data, Tx>(turn: Turn<Data, Tx>, outcome: Outcome): void {
  turn.measure();
  // A late answer frees a parked instance.
  if (turn.instance.status === 'stuck') turn.resume();
  turn.change({ mayHaveArrived: true });
  switch (outcome.kind) {
    case 'success':
      return succeed(turn, outcome.reply);
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
      // Time does not make it younger.
      if (outcome.code === ('COMMAND_EXPIRED' satisfies FailureCode)) return giveUp(turn, outcome);
      return fail(turn, outcome);
  }
}

/** Takes what the broker returned: no queue takes the command. */
export function applyReturn<Data, Tx>(turn: Turn<Data, Tx>, commandId: string): void {
  if (commandId !== awaitedCommandId(turn.instance) || turn.awaited.state !== 'sent') return;
  fail(turn, failureOf('UNROUTABLE', 'No queue takes this command: is the participant set up?'));
}

/**
 * Records a late, doubled or foreign reply. If the broker says that it delivers it again, the process that applied it may have died before it
 * published what came next: that command is sent once more. A merely doubled reply must not do so, or all that follows would be doubled.
 */
function ignore<Data, Tx>(turn: Turn<Data, Tx>, { commandId, outcome, redelivered }: Reply): void {
  // Without end they would fill the history of a saga that is long over.
  if (turn.instance.version < DEFAULTS.maxInputsWithIgnored)
    turn.history.push({ type: 'reply_ignored', commandId, code: outcome.kind });
  if (redelivered && turn.instance.awaited) sendAgain(turn);
}

function succeed<Data, Tx>(turn: Turn<Data, Tx>, reply: unknown): void {
  const problem = applySuccess(turn, reply);
  if (!problem) return;
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
  if (direction === 'action') {
    try {
      const changes = isRemote(command) ? command.onReply?.(instance.data as Data, reply) : reply;
      if (changes) {
        data = changeOf(instance.data as object, changes);
        instance.data = { ...(instance.data as object), ...changes };
      }
    } catch (thrown) {
      return failureOf('REPLY_NOT_APPLIED', messageOf(thrown));
    }
  }
  turn.note({ type: 'step_succeeded', ...(reply === undefined ? {} : { reply }), ...(data ? { data } : {}) });
  turn.settle(direction === 'action' ? 'succeeded' : 'undone');
  if (direction === 'action') begin(turn, step + 1);
  else undoFrom(turn, step - 1);
  return null;
}

function changeOf(data: object, changes: object): DataChange | null {
  const known = data as Record<string, unknown>;
  const changed = Object.entries(changes).filter(([member, value]) => !isDeepStrictEqual(known[member], value));
  if (changed.length === 0) return null;
  const before = changed.flatMap(([member]) => (member in known ? [[member, known[member]] as const] : []));
  return { before: Object.fromEntries(before), after: Object.fromEntries(changed) };
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
  const until = Math.min(turn.now + backoffMs(backoff, attempt, turn.instance.id), turn.turnsBackAt);
  turn.change({ state: 'pausing', until });
  turn.note({ type: 'retry_scheduled', until });
}

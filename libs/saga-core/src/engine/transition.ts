/**
 * The decision. Invariants kept here:
 * - It is pure: no clock, no network, no database; replies, deadlines and operators all go through it.
 * - A command has one identity, and resends keep it.
 * - A reply counts only for the command awaited now; others are recorded.
 * - Unknown is not failed: a step that may have happened is undone as well.
 * - A saga that is late turns back before the pivot, and only goes forward after it.
 * - Retries live here alone: refusal compensates; error and silence are tried again, then compensated before the pivot and parked after it.
 * - Nothing ends silently: what cannot be finished is stuck, and an operator can act on it.
 */
import type { CommandToSend } from '../contract/command-message.js';
import type { Outcome } from '../contract/outcome.js';
import { commandIdOf } from '../contract/routing.js';
import { describeProblems, problemsOf } from '../contract/validation.js';
import type { SagaDefinition } from '../definition/saga.js';
import {
  isRemote,
  nameOf,
  type LocalAction,
  type RemoteCommand,
  type Step,
  type StepCommand,
} from '../definition/step.js';
import { SagaError, messageOf, type FailureCode } from '../errors.js';
import { backoffMs } from './backoff.js';
import type { OperatorAction, SagaEvent } from './event.js';
import { ATTEMPT_OUTCOMES, type HistoryEntry, type Standing } from './history.js';
import { awaitedCommandId, type ActionRecord, type AwaitedCommand, type SagaInstance } from './instance.js';

/** What to do next: at most one thing, for an instance awaits one command. */
export type NextAction<Data, Tx> =
  | { readonly type: 'send'; readonly command: CommandToSend }
  | { readonly type: 'local'; readonly action: LocalAction<Data, Tx> };

export interface Decision<Data, Tx> {
  readonly instance: SagaInstance;
  readonly history: readonly HistoryEntry[];
  /** send: publish after the commit. local: run in this transaction, then come back with `local-outcome`. */
  readonly next: NextAction<Data, Tx> | null;
}

interface Problem {
  readonly code: string;
  readonly message: string;
  readonly details?: unknown;
}

/**
 * @param definition - of the instance's saga and version
 * @param instance - as it was saved
 * @param event - what happened
 * @param now - milliseconds since the epoch, by the database's clock
 * @returns the next instance, what its history gains, and what to do
 * @throws {SagaError} for an operator's action: ACTION_NOT_ALLOWED when the definition does not allow it now, SAGA_MOVED_ON when it was meant for another
 *   version, INVALID_SAGA_DATA for an edited payload that breaks the command's schema
 */
export function transition<Data, Tx>(
  definition: SagaDefinition<Data, Tx>,
  instance: SagaInstance,
  event: SagaEvent,
  now: number,
): Decision<Data, Tx> {
  const turn = new Turn(definition, instance, now);
  turn.take(event);
  return { instance: turn.instance, history: turn.history, next: turn.next };
}

type Draft = { -readonly [Key in keyof SagaInstance]: SagaInstance[Key] } & { actions: ActionRecord[] };

class Turn<Data, Tx> {
  readonly instance: Draft;
  readonly history: HistoryEntry[] = [];
  next: NextAction<Data, Tx> | null = null;
  private readonly definition: SagaDefinition<Data, Tx>;
  private readonly now: number;
  /** How long the awaited command's outcome took, or was waited for, in milliseconds. */
  private tookMs: number | null = null;

  constructor(definition: SagaDefinition<Data, Tx>, instance: SagaInstance, now: number) {
    this.definition = definition;
    this.instance = { ...instance, actions: [...instance.actions] };
    this.now = now;
  }

  take(event: SagaEvent): void {
    switch (event.type) {
      case 'started':
        // Whole milliseconds, as the store gives it back: the deadline must not move.
        this.instance.startedAt = Math.floor(this.now);
        this.history.push({ type: 'started' });
        return this.begin(0);
      case 'reply':
        if (event.commandId !== awaitedCommandId(this.instance)) return this.ignore(event);
        return this.conclude(event.outcome);
      case 'local-outcome':
        return this.conclude(event.outcome);
      case 'returned':
        if (event.commandId !== awaitedCommandId(this.instance) || this.awaited.state !== 'sent') return;
        return this.tryAgain({
          code: 'UNROUTABLE',
          message: 'No queue takes this command: is the participant set up?',
        });
      case 'deadline':
        return this.onDeadline();
      case 'operator':
        return this.onOperator(event.action);
    }
  }

  private get awaited(): AwaitedCommand {
    if (!this.instance.awaited) throw new SagaError('ACTION_NOT_ALLOWED', `Saga ${this.instance.id} has ended`);
    return this.instance.awaited;
  }

  private get step(): Step<Data, Tx> {
    return this.definition.steps[this.awaited.step]!;
  }

  private get command(): StepCommand<Data, Tx> {
    return this.awaited.direction === 'action' ? this.step.action : this.step.undo!;
  }

  /** Undos and retriable steps have no way back: they are tried again, then parked. */
  private get mustSucceed(): boolean {
    return this.awaited.direction === 'undo' || this.step.kind === 'retriable';
  }

  /** When the awaited action is given up with the whole saga, in milliseconds since the epoch: never, once there is only forward or back. */
  private get turnsBackAt(): number {
    const { deadlineMs } = this.definition;
    const { startedAt } = this.instance;
    const turned = this.step.kind === 'pivot' && this.instance.actions[this.awaited.step]?.state === 'succeeded';
    return deadlineMs === null || startedAt === null || turned || this.mustSucceed ? Infinity : startedAt + deadlineMs;
  }

  private note(entry: HistoryEntry): void {
    const { attempt } = this.awaited;
    const took = this.tookMs !== null && ATTEMPT_OUTCOMES[entry.type] ? { tookMs: this.tookMs } : {};
    this.history.push({
      ...entry,
      ...took,
      step: this.awaited.name,
      attempt,
      commandId: awaitedCommandId(this.instance)!,
    });
  }

  private begin(step: number): void {
    if (step === this.definition.steps.length) return this.end('completed');
    if (step > 0 && this.turnsBackAt <= this.now) return this.compensate(this.lateness);
    this.issue(step, 'action');
  }

  private end(status: 'completed' | 'compensated'): void {
    this.instance.status = status;
    this.instance.awaited = null;
    this.history.push({ type: status });
  }

  private issue(step: number, direction: 'action' | 'undo'): void {
    const sequence = ++this.instance.sequence;
    this.tookMs = null;
    if (direction === 'action') this.instance.actions[step] = { sequence, state: 'unknown' };
    this.instance.awaited = {
      step,
      name: nameOf(direction === 'action' ? this.definition.steps[step]!.action : this.definition.steps[step]!.undo!),
      direction,
      sequence,
      attempt: 1,
      payload: null,
      state: 'sent',
      until: null,
      mayHaveArrived: false,
    };
    this.dispatch();
  }

  /** Does what the awaited command says: runs it here, or sends it (again). */
  private dispatch(): void {
    const { command } = this;
    if (!isRemote(command)) {
      this.next = { type: 'local', action: command.local };
      return;
    }
    const first = this.awaited.payload === null;
    if (first && !this.build(command)) return;
    const until = Math.min(this.now + command.retry.replyTimeoutMs, this.turnsBackAt);
    if (!first) this.beforeResend();
    this.instance.awaited = { ...this.awaited, state: 'sent', until };
    const { payload } = this.awaited;
    this.note({ type: first ? 'command_sent' : 'command_resent', until, ...(first ? { payload } : {}) });
    this.send(command);
  }

  /** What was sent and did not come back may lie in a queue, even if the same command, sent again, finds none. */
  private beforeResend(): void {
    if (this.awaited.state === 'sent') this.instance.awaited = { ...this.awaited, mayHaveArrived: true };
  }

  private send(command: RemoteCommand<Data>): void {
    const { id, sagaName, traceparent } = this.instance;
    this.next = {
      type: 'send',
      command: {
        contract: command.command,
        commandId: awaitedCommandId(this.instance)!,
        replyTo: this.definition.replyAddress,
        sagaId: id,
        sagaName,
        step: this.step.name,
        attempt: this.awaited.attempt,
        traceparent,
        payload: this.awaited.payload,
      },
    };
  }

  /** @returns whether the payload could be built; if not, the step has failed, and certainly had no effect. */
  private build(command: RemoteCommand<Data>): boolean {
    try {
      let payload = command.payload(this.instance.data as Data) as object;
      if (this.awaited.direction === 'undo') payload = { ...payload, ...this.actionId(this.awaited.step) };
      const problems = problemsOf(command.command.payload, payload);
      if (problems.length > 0) throw new TypeError(`The payload breaks its contract: ${describeProblems(problems)}`);
      this.instance.awaited = { ...this.awaited, payload };
      return true;
    } catch (thrown) {
      this.giveUp(failureOf('COMMAND_NOT_BUILT', messageOf(thrown)));
      return false;
    }
  }

  private conclude(outcome: Outcome): void {
    this.tookMs = this.waited();
    // A late answer frees a parked instance.
    if (this.instance.status === 'stuck') this.resume();
    this.instance.awaited = { ...this.awaited, mayHaveArrived: true };
    switch (outcome.kind) {
      case 'success':
        return this.succeed(outcome.reply);
      case 'refusal':
        if (!this.mustSucceed) return this.refused(outcome);
        // The participant has stored this refusal under this identity: only a new one can be answered otherwise.
        this.note({ type: 'step_refused', ...problemOf(outcome) });
        this.instance.awaited = { ...this.awaited, sequence: ++this.instance.sequence };
        return this.tryAgain(outcome, false);
      case 'error':
        // Time does not make it younger.
        if (outcome.code === ('COMMAND_EXPIRED' satisfies FailureCode)) return this.giveUp(outcome);
        return this.tryAgain(outcome);
    }
  }

  /** @returns how long the answer to the last attempt took, in milliseconds; null when that cannot be told */
  private waited(): number | null {
    const { state, until } = this.awaited;
    const { command } = this;
    if (state !== 'sent' || until === null || until === this.turnsBackAt || !isRemote(command)) return null;
    return Math.max(0, Math.round(this.now - until + command.retry.replyTimeoutMs));
  }

  private succeed(reply: unknown): void {
    const { step, direction } = this.awaited;
    const { command } = this;
    if (isRemote(command)) {
      const problems = problemsOf(command.command.reply, reply);
      if (problems.length > 0)
        return this.cannotUse(
          failureOf('INVALID_REPLY', `The reply breaks its contract: ${describeProblems(problems)}`),
        );
    }
    if (direction === 'action') {
      try {
        const changes = isRemote(command) ? command.onReply?.(this.instance.data as Data, reply) : reply;
        if (changes) this.instance.data = { ...(this.instance.data as object), ...changes };
      } catch (thrown) {
        return this.cannotUse(failureOf('REPLY_NOT_APPLIED', messageOf(thrown)));
      }
    }
    this.note({ type: 'step_succeeded', ...(reply === undefined ? {} : { reply }) });
    this.settle(direction === 'action' ? 'succeeded' : 'undone');
    if (direction === 'action') this.begin(step + 1);
    else this.undoFrom(step - 1);
  }

  private refused(refusal: Problem): void {
    this.note({ type: 'step_refused', ...problemOf(refusal) });
    this.settle('without-effect');
    this.compensate(refusal);
  }

  private settle(state: ActionRecord['state']): void {
    const { step } = this.awaited;
    this.instance.actions[step] = { ...this.instance.actions[step]!, state };
  }

  private tryAgain(problem: Problem, record = true): void {
    this.remember(problem);
    if (record) this.note({ type: 'step_failed', ...problemOf(problem) });
    const { attempts, backoff } = this.command.retry;
    const { attempt } = this.awaited;
    if (attempt >= attempts) return this.giveUp(problem, false);
    const until = Math.min(this.now + backoffMs(backoff, attempt, this.instance.id), this.turnsBackAt);
    this.instance.awaited = { ...this.awaited, state: 'pausing', until };
    this.note({ type: 'retry_scheduled', until });
  }

  /** The step has failed for good: there is a way back before the pivot is known to have happened, and none after. */
  private giveUp(problem: Problem, record = true): void {
    this.remember(problem);
    if (record) this.note({ type: 'step_failed', ...problemOf(problem) });
    if (this.mustSucceed) return this.park(problem);
    if (!isRemote(this.command) || !this.awaited.mayHaveArrived) this.settle('without-effect');
    this.compensate(problem);
  }

  /** The participant has done it, but its answer is of no use here; asking again brings the same answer. */
  private cannotUse(problem: Problem): void {
    this.remember(problem);
    this.note({ type: 'step_failed', ...problemOf(problem) });
    if (this.step.kind === 'pivot') this.settle('succeeded');
    if (this.mustSucceed || this.step.kind === 'pivot') return this.park(problem);
    this.compensate(problem);
  }

  private park(problem: Problem): void {
    this.instance.status = 'stuck';
    this.instance.awaited = { ...this.awaited, state: 'parked', until: null };
    this.note({ type: 'stuck', ...problemOf(problem) });
  }

  private remember({ code, message }: Problem): void {
    this.instance.lastError = { step: this.awaited.name, code, message };
  }

  private compensate(problem: Problem): void {
    const { step } = this.awaited;
    this.instance.failure = { step: this.awaited.name, code: problem.code, message: problem.message };
    this.instance.lastError = this.instance.failure;
    this.instance.status = 'compensating';
    this.note({ type: 'compensating', ...problemOf(problem) });
    this.undoFrom(step);
  }

  private undoFrom(last: number): void {
    const [step] = stepsToUndo(this.definition as SagaDefinition<never, never>, this.instance.actions, last);
    if (step === undefined) return this.end('compensated');
    this.issue(step, 'undo');
  }

  private onDeadline(): void {
    const { awaited } = this.instance;
    if (awaited?.until == null || awaited.until > this.now) return;
    if (this.turnsBackAt <= this.now) {
      this.settleUntried();
      return this.compensate(this.lateness);
    }
    if (awaited.state === 'sent') {
      const { replyTimeoutMs, attempts } = this.command.retry;
      const problem = failureOf('REPLY_TIMEOUT', `No reply within ${replyTimeoutMs} ms`);
      this.remember(problem);
      this.tookMs = this.waited();
      this.note({ type: 'step_timed_out', ...problem });
      this.instance.awaited = { ...this.awaited, mayHaveArrived: true };
      if (awaited.attempt >= attempts) return this.giveUp(problem, false);
    }
    this.instance.awaited = { ...this.awaited, attempt: awaited.attempt + 1 };
    this.dispatch();
  }

  private onOperator(action: OperatorAction): void {
    const { version } = this.instance;
    if (action.version !== undefined && action.version !== version)
      throw new SagaError(
        'SAGA_MOVED_ON',
        `Saga ${this.instance.id} is at version ${version}, not ${action.version}: look at it again`,
      );
    const withPayload = action.type === 'edit';
    const before = this.standing(withPayload);
    const at = this.history.length;
    this.act(action);
    this.history[at] = { ...this.history[at]!, before, after: this.standing(withPayload) };
  }

  private standing(withPayload: boolean): Standing {
    const { status, awaited } = this.instance;
    return {
      status,
      step: awaited?.name ?? null,
      attempt: awaited?.attempt ?? 0,
      state: awaited?.state ?? null,
      ...(withPayload ? { payload: awaited?.payload ?? null } : {}),
    };
  }

  private act({ type, by, reason, payload }: OperatorAction): void {
    const { awaited } = this;
    switch (type) {
      case 'retry':
        this.note({ type: 'operator_retried', by, message: reason });
        this.resume();
        this.instance.awaited = { ...awaited, attempt: 1 };
        return this.dispatch();
      case 'compensate':
        if (this.mustSucceed || (this.step.kind === 'pivot' && this.instance.status === 'stuck'))
          throw this.notAllowed('compensate', 'it is past the point from which there is a way back');
        this.note({ type: 'operator_compensated', by, message: reason });
        this.settleUntried();
        return this.compensate(failureOf('OPERATOR_COMPENSATED', reason));
      case 'skip':
        if (!this.mustSucceed || this.instance.status !== 'stuck')
          throw this.notAllowed('skip', 'only a stuck undo or retriable step can be skipped');
        this.note({ type: 'operator_skipped', by, message: reason });
        this.resume();
        if (awaited.direction === 'action') {
          this.settle('without-effect');
          return this.begin(awaited.step + 1);
        }
        this.settle('undone');
        return this.undoFrom(awaited.step - 1);
      case 'edit':
        return this.edit(awaited, by, reason, payload);
    }
  }

  /** The command keeps its identity, so that its effect happens once, with the old payload or the new; an undo goes on naming its action. */
  private edit(awaited: AwaitedCommand, by: string, reason: string, given: unknown): void {
    const { command } = this;
    if (!isRemote(command) || awaited.state === 'sent')
      throw this.notAllowed('edit', 'only a command to a participant that is parked or pauses can be edited');
    const payload = awaited.direction === 'undo' ? { ...(given as object), ...this.actionId(awaited.step) } : given;
    const problems = problemsOf(command.command.payload, payload);
    if (problems.length > 0)
      throw new SagaError('INVALID_SAGA_DATA', `The payload breaks its contract: ${describeProblems(problems)}`);
    this.note({ type: 'operator_edited', by, message: reason });
    this.resume();
    this.instance.awaited = { ...awaited, payload, attempt: 1 };
    this.dispatch();
  }

  private actionId(step: number): { actionId: string } {
    return { actionId: commandIdOf(this.instance.id, this.instance.actions[step]!.sequence) };
  }

  private get lateness(): Problem {
    return failureOf('SAGA_DEADLINE', `The saga has not come past its pivot within ${this.definition.deadlineMs} ms`);
  }

  /** What failed, and waits to be tried again, needs no undo when it has certainly had no effect. */
  private settleUntried(): void {
    const { state, mayHaveArrived } = this.awaited;
    if (state === 'pausing' && (!mayHaveArrived || !isRemote(this.command))) this.settle('without-effect');
  }

  private resume(): void {
    this.instance.status = this.awaited.direction === 'undo' ? 'compensating' : 'running';
  }

  private notAllowed(action: string, why: string): SagaError {
    return new SagaError('ACTION_NOT_ALLOWED', `Saga ${this.instance.id} cannot ${action}: ${why}`);
  }

  /**
   * Records a late, doubled or foreign reply. If the broker says that it delivers it again, the process that applied it may have died before it
   * published what came next: that command is sent once more. A merely doubled reply must not do so, or all that follows would be doubled.
   */
  private ignore(event: { commandId: string; outcome: Outcome; redelivered: boolean }): void {
    const { awaited } = this.instance;
    this.history.push({ type: 'reply_ignored', commandId: event.commandId, code: event.outcome.kind });
    if (!event.redelivered || awaited?.state !== 'sent' || !isRemote(this.command)) return;
    this.beforeResend();
    this.note({ type: 'command_resent', ...(awaited.until === null ? {} : { until: awaited.until }) });
    this.send(this.command);
  }
}

/** @returns the indexes of the steps that an undo awaits, in the order in which they are undone, from `last` on */
export function stepsToUndo(
  definition: SagaDefinition<never, never>,
  actions: readonly ActionRecord[],
  last: number,
): number[] {
  return definition.steps
    .map((_step, index) => index)
    .slice(0, last + 1)
    .reverse()
    .filter((index) => {
      const state = actions[index]?.state;
      return definition.steps[index]!.undo !== null && (state === 'succeeded' || state === 'unknown');
    });
}

const failureOf = (code: FailureCode, message: string): Problem => ({ code, message });

const problemOf = ({ code, message, details }: Problem) => ({
  code,
  message,
  ...(details === undefined ? {} : { details }),
});

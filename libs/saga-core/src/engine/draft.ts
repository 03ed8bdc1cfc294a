/**
 * What a decision works on: an instance as the facts so far have made it, and what there is to know of the command that
 * it awaits.
 */
import { storableText } from '../contract/as-saved.js';
import type { CommandToSend } from '../contract/command-message.js';
import type { SagaDefinition } from '../definition/saga.js';
import { isRemote, type AnyLocalAction, type Step, type StepCommand } from '../definition/step.js';
import { SagaError, type FailureCode } from '../errors.js';
import { entryOf, evolve, type Fact, type MutableInstance, type Problem, type Wait } from './evolve.js';
import type { HistoryEntry } from './history.js';
import type { AwaitedCommand, SagaInstance } from './instance.js';

/** What to do next: at most one thing, for an instance awaits one command. */
export type NextAction<Data, Tx> =
  | { readonly type: 'send'; readonly command: CommandToSend }
  | { readonly type: 'local'; readonly action: AnyLocalAction<Data, Tx> };

export class Draft<Data, Tx> {
  readonly history: HistoryEntry[] = [];
  next: NextAction<Data, Tx> | null = null;
  readonly definition: SagaDefinition<Data, Tx>;
  readonly now: number;
  private readonly changed: MutableInstance;

  /** @param instance - is left as it is */
  constructor(definition: SagaDefinition<Data, Tx>, instance: SagaInstance, now: number) {
    this.definition = definition;
    this.changed = { ...instance, actions: [...instance.actions] };
    this.now = now;
  }

  get instance(): SagaInstance {
    return this.changed;
  }

  /** Establishes a fact. */
  record(fact: Fact): void {
    const entry = entryOf(this.changed, fact);
    if (entry) this.history.push(entry);
    evolve(this.changed, fact, this.now);
  }

  /** @throws {SagaError} ACTION_NOT_ALLOWED when the saga has ended */
  get awaited(): AwaitedCommand {
    if (!this.instance.awaited) throw new SagaError('ACTION_NOT_ALLOWED', `Saga ${this.instance.id} has ended`);
    return this.instance.awaited;
  }

  get step(): Step<Data, Tx> {
    return this.definition.steps[this.awaited.step]!;
  }

  get command(): StepCommand<Data, Tx> {
    return this.awaited.direction === 'action' ? this.step.action : this.step.undo!;
  }

  /**
   * The awaited pivot is known to have had its effect, though its answer was of no use: there is only forward from it.
   */
  get pivotHadEffect(): boolean {
    return this.step.kind === 'pivot' && this.instance.actions[this.awaited.step]?.state === 'succeeded';
  }

  /** Undos, and what comes after the pivot, have no way back: they are tried again, then parked. */
  get mustSucceed(): boolean {
    return this.awaited.direction === 'undo' || this.step.kind === 'retriable' || this.pivotHadEffect;
  }

  /** Nothing has taken the command, or nothing of it was kept. */
  get hadNoEffect(): boolean {
    return !isRemote(this.command) || !this.awaited.mayHaveArrived;
  }

  /**
   * When the awaited action is given up with the whole saga, in milliseconds since the epoch: never, once there is only
   * forward or back.
   */
  get sagaDeadline(): number {
    const { deadlineMs } = this.definition;
    const { startedAt } = this.instance;
    return deadlineMs === null || startedAt === null || this.mustSucceed ? Infinity : startedAt + deadlineMs;
  }

  /**
   * @returns how long the awaited command waits that may wait so many milliseconds: until the saga's deadline at the
   *   most
   */
  waitFor(ms: number): { readonly wait: Wait; readonly dueInMs: number } {
    const until = Math.min(this.now + ms, this.sagaDeadline);
    return {
      wait: { until, atSagaDeadline: until === this.sagaDeadline || undefined },
      dueInMs: this.msUntil(until),
    };
  }

  /** @returns whole milliseconds from now on */
  msUntil(time: number): number {
    return Math.max(0, Math.round(time - this.now));
  }

  /**
   * How long the current attempt was answered after, or waited for in vain, in milliseconds; null where that cannot be
   * told.
   */
  get tookMs(): number | null {
    const { state, until, atSagaDeadline } = this.awaited;
    const { command } = this;
    return state !== 'sent' || until === null || atSagaDeadline || until === this.sagaDeadline || !isRemote(command)
      ? null
      : Math.max(0, Math.round(this.now - until + command.retry.replyTimeoutMs));
  }
}

/** @returns a problem that this library names */
export const failureOf = (code: FailureCode, message: string): Problem => ({ code, message: storableText(message) });

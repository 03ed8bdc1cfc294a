/** One input's turn at an instance: a draft of what the instance becomes, what its history gains, and what is to be done next. */
import { storableText } from '../contract/as-saved.js';
import type { CommandToSend } from '../contract/command-message.js';
import type { SagaDefinition } from '../definition/saga.js';
import { isRemote, type LocalAction, type Step, type StepCommand } from '../definition/step.js';
import { SagaError, type FailureCode } from '../errors.js';
import { bounded } from './bounded.js';
import { ATTEMPT_OUTCOMES, type HistoryEntry } from './history.js';
import { awaitedCommandId, type ActionRecord, type AwaitedCommand, type SagaInstance } from './instance.js';

/** What to do next: at most one thing, for an instance awaits one command. */
export type NextAction<Data, Tx> =
  | { readonly type: 'send'; readonly command: CommandToSend }
  | { readonly type: 'local'; readonly action: LocalAction<Data, Tx> };

/** What went wrong, as it is recorded. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly details?: unknown;
}

type Draft = { -readonly [Key in keyof SagaInstance]: SagaInstance[Key] } & { actions: ActionRecord[] };

export class Turn<Data, Tx> {
  readonly instance: Draft;
  readonly history: HistoryEntry[] = [];
  next: NextAction<Data, Tx> | null = null;
  readonly definition: SagaDefinition<Data, Tx>;
  readonly now: number;
  /** How long the awaited command's outcome took, or was waited for, in milliseconds. */
  tookMs: number | null = null;

  constructor(definition: SagaDefinition<Data, Tx>, instance: SagaInstance, now: number) {
    this.definition = definition;
    this.instance = { ...instance, actions: [...instance.actions] };
    this.now = now;
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

  /** The awaited pivot is known to have had its effect, though its answer was of no use: there is only forward from it. */
  get isPastPivot(): boolean {
    return this.step.kind === 'pivot' && this.instance.actions[this.awaited.step]?.state === 'succeeded';
  }

  /** Undos, and what comes after the pivot, have no way back: they are tried again, then parked. */
  get mustSucceed(): boolean {
    return this.awaited.direction === 'undo' || this.step.kind === 'retriable' || this.isPastPivot;
  }

  /** When the awaited action is given up with the whole saga, in milliseconds since the epoch: never, once there is only forward or back. */
  get turnsBackAt(): number {
    const { deadlineMs } = this.definition;
    const { startedAt } = this.instance;
    return deadlineMs === null || startedAt === null || this.mustSucceed ? Infinity : startedAt + deadlineMs;
  }

  /** Adds an entry on the awaited command to the history. */
  note(entry: HistoryEntry): void {
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

  /** Measures how long the last attempt was answered after, or waited for in vain; not where that cannot be told. */
  measure(): void {
    const { state, until, atSagaDeadline } = this.awaited;
    const { command } = this;
    this.tookMs =
      state !== 'sent' || until === null || atSagaDeadline || until === this.turnsBackAt || !isRemote(command)
        ? null
        : Math.max(0, Math.round(this.now - until + command.retry.replyTimeoutMs));
  }

  /**
   * Has the awaited command wait, until the saga's deadline at the most.
   *
   * @returns how long, in milliseconds
   */
  wait(state: 'sent' | 'pausing', ms: number): number {
    const until = Math.min(this.now + ms, this.turnsBackAt);
    this.change({ state, until, atSagaDeadline: until === this.turnsBackAt || undefined });
    return Math.max(0, Math.round(until - this.now));
  }

  change(awaited: Partial<AwaitedCommand>): void {
    this.instance.awaited = { ...this.awaited, ...awaited };
  }

  /** Writes down what is known of the awaited step's action. */
  settle(state: ActionRecord['state']): void {
    const { step } = this.awaited;
    this.instance.actions[step] = { ...this.instance.actions[step]!, state };
  }

  remember({ code, message }: Problem): void {
    this.instance.lastError = { step: this.awaited.name, code, message, at: Math.floor(this.now) };
  }

  /** A parked saga goes on in the direction in which it went. */
  resume(): void {
    this.instance.status = this.awaited.direction === 'undo' ? 'compensating' : 'running';
  }
}

/** @returns a problem that this library names */
export const failureOf = (code: FailureCode, message: string): Problem => ({ code, message: storableText(message) });

/** @returns a problem as a history entry has it */
export const problemOf = ({ code, message, details }: Problem) => ({
  code,
  message,
  ...(details === undefined ? {} : { details: bounded(details) }),
});

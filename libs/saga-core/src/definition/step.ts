/** The steps of a saga: what each does, how it is undone, how long it is tried. */
import type { CommandContract, PayloadOf, ReplyOf, UndoContract, UndoPayloadOf } from '../contract/command.js';
import type { Handler } from '../contract/handler.js';
import type { Refusal } from '../contract/outcome.js';
import { DEFAULT_ACTION_RETRY, DEFAULT_RETRIABLE_RETRY, type RetryPolicy } from '../settings.js';

/** Chris Richardson's kinds of steps, and reading, which needs no undo. */
export type StepKind = 'compensatable' | 'read-only' | 'pivot' | 'retriable';

/** Why a saga is being compensated: the step that failed, and how. */
export interface SagaFailure {
  readonly step: string;
  readonly code: string;
  readonly message: string;
}

/** What a local step gets. */
export interface LocalInput<out Data> {
  readonly sagaId: string;
  readonly data: Data;
  /** Set in an undo: why the saga is being compensated. */
  readonly failure: SagaFailure | null;
}

/**
 * A change in the orchestrator's own database, in the transaction that saves the saga. It may answer changes of the
 * saga's data, or refuse.
 */
export interface LocalAction<Data, Tx> {
  /** Lower snake case, unique in the saga. */
  readonly name: string;
  readonly handle: Handler<Tx, LocalInput<Data>, Partial<Data> | Refusal | void>;
}

/** A local action as a step keeps it: what it answers is checked when it runs. */
export interface AnyLocalAction<in Data, in Tx> {
  readonly name: string;
  readonly handle: Handler<Tx, LocalInput<Data>, unknown>;
}

/** Overrides of the defaults in settings.ts. */
export type RetryOptions = Partial<Omit<RetryPolicy, 'backoff'>> & {
  readonly backoff?: Partial<RetryPolicy['backoff']>;
};

/** A command to a participant, as a step sends it. */
export interface RemoteCommand<in Data> {
  readonly command: CommandContract;
  /** Builds the payload; pure. When it throws, the step has failed without having been sent. */
  readonly payload: (data: Data) => unknown;
  /** Changes of the saga's data that the reply brings; pure. */
  readonly onReply: ((data: Data, reply: unknown) => object) | null;
  readonly retry: RetryPolicy;
}

/** A change in the orchestrator's own database, as a step makes it. */
export interface LocalCommand<in Data, in Tx> {
  readonly local: AnyLocalAction<Data, Tx>;
  readonly retry: RetryPolicy;
}

export type StepCommand<Data, Tx> = RemoteCommand<Data> | LocalCommand<Data, Tx>;

export interface Step<in Data, in Tx> {
  readonly kind: StepKind;
  /** The task name of a remote step, the name of a local one. */
  readonly name: string;
  readonly action: StepCommand<Data, Tx>;
  readonly undo: StepCommand<Data, Tx> | null;
}

interface RemoteOptions<Data, Command extends CommandContract> extends RetryOptions {
  readonly command: Command;
  readonly payload: (data: Data) => PayloadOf<Command>;
  readonly onReply?: (data: Data, reply: ReplyOf<Command>) => Partial<Data>;
}

interface UndoOptions<Data, Command extends UndoContract> extends RetryOptions {
  readonly command: Command;
  /** The business key; the library adds the identity of the action. */
  readonly payload: (data: Data) => UndoPayloadOf<Command>;
}

interface LocalOptions<Data, Tx> extends RetryOptions {
  readonly local: LocalAction<Data, Tx>;
}

const policy = (defaults: RetryPolicy, options: RetryOptions): RetryPolicy => ({
  replyTimeoutMs: options.replyTimeoutMs ?? defaults.replyTimeoutMs,
  attempts: options.attempts ?? defaults.attempts,
  backoff: { ...defaults.backoff, ...options.backoff },
});

/** @returns whether a step's command goes to a participant. */
export function isRemote<Data, Tx>(command: StepCommand<Data, Tx>): command is RemoteCommand<Data> {
  return 'command' in command;
}

/** @returns the name under which a step's command stands in histories: task or local name. */
export function nameOf<Data, Tx>(command: StepCommand<Data, Tx>): string {
  return isRemote(command) ? command.command.task : command.local.name;
}

/** Builders for the steps of one saga: `const { compensatable, readOnly, pivot, retriable } = stepsFor<Data, Tx>()`. */
export interface StepBuilders<Data, Tx> {
  /** A local step that can be undone by another one. */
  compensatable(
    this: void,
    step: LocalOptions<Data, Tx> & { undo: LocalAction<Data, Tx> & RetryOptions },
  ): Step<Data, Tx>;
  /** A command that can be undone by its undo command. */
  compensatable<Command extends CommandContract, Undo extends UndoContract>(
    this: void,
    step: RemoteOptions<Data, Command> & { undo: UndoOptions<Data, Undo> },
  ): Step<Data, Tx>;
  /** A command without effect: nothing to undo. */
  readOnly<Command extends CommandContract>(this: void, step: RemoteOptions<Data, Command>): Step<Data, Tx>;
  /** A local change after which there is only forward. */
  pivot(this: void, step: LocalOptions<Data, Tx>): Step<Data, Tx>;
  /** A command after which there is only forward. Its undo is sent only while its outcome is unknown. */
  pivot<Command extends CommandContract, Undo extends UndoContract>(
    this: void,
    step: RemoteOptions<Data, Command> & { undo: UndoOptions<Data, Undo> },
  ): Step<Data, Tx>;
  /** A local change after the pivot, tried until it succeeds. */
  retriable(this: void, step: LocalOptions<Data, Tx>): Step<Data, Tx>;
  /** A command after the pivot, tried until it succeeds. */
  retriable<Command extends CommandContract>(this: void, step: RemoteOptions<Data, Command>): Step<Data, Tx>;
}

/** What the builders take, whichever it is. A local undo is written as the action itself. */
interface AnyOptions<Data, Tx> extends RetryOptions, Partial<AnyLocalAction<Data, Tx>> {
  command?: CommandContract;
  payload?: (data: Data) => unknown;
  onReply?: (data: Data, reply: never) => unknown;
  local?: AnyLocalAction<Data, Tx>;
  undo?: AnyOptions<Data, Tx>;
}

/**
 * @typeParam Data - the saga's data
 * @typeParam Tx - the transaction that local steps write through
 * @returns builders that infer payloads and replies from the contracts
 */
export function stepsFor<Data, Tx = unknown>(): StepBuilders<Data, Tx> {
  const commandOf = (options: AnyOptions<Data, Tx>, defaults: RetryPolicy): StepCommand<Data, Tx> => {
    const retry = policy(defaults, options);
    if (options.local) return { local: options.local, retry };
    if (!options.command) return { local: { name: options.name!, handle: options.handle! }, retry };
    return {
      command: options.command,
      payload: options.payload!,
      onReply: (options.onReply as RemoteCommand<Data>['onReply'] | undefined) ?? null,
      retry,
    };
  };
  const build =
    (kind: StepKind, defaults: RetryPolicy) =>
    (options: AnyOptions<Data, Tx>): Step<Data, Tx> => {
      const action = commandOf(options, defaults);
      const undo = options.undo ? commandOf(options.undo, DEFAULT_RETRIABLE_RETRY) : null;
      return { kind, name: nameOf(action), action, undo };
    };
  return {
    compensatable: build('compensatable', DEFAULT_ACTION_RETRY),
    readOnly: build('read-only', DEFAULT_ACTION_RETRY),
    pivot: build('pivot', DEFAULT_ACTION_RETRY),
    retriable: build('retriable', DEFAULT_RETRIABLE_RETRY),
  };
}

/** The port between orchestrator and database: sets of instances, locked, read and saved together. */
import type { ReplyEvent } from '../engine/event.js';
import type { HistoryEntry } from '../engine/history.js';
import type { SagaInstance } from '../engine/instance.js';

/** An instance after one input, and what that input adds to its history. */
export interface SagaChange {
  readonly instance: SagaInstance;
  readonly history: readonly HistoryEntry[];
  /**
   * The time that the decision was given, in milliseconds since the epoch. Only how far the instance's times are from
   * it is saved.
   */
  readonly decidedAt: number;
  /** Set where the data is what was saved before, and need not be written. */
  readonly keepsData?: boolean;
  /** Set where the awaited command goes on waiting: its deadline is what was saved before, and is not counted anew. */
  readonly keepsDeadline?: boolean;
}

/**
 * Instances locked for this transaction, and the sagas' clock: the database's, less the jumps that it made. All times
 * are by this clock, but for those that
 * only readers need.
 */
export interface LockedBatch {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly instances: readonly SagaInstance[];
}

/** A saga definition's name and version, as instances name it, and the fingerprint of its steps. */
export interface DefinitionKey {
  readonly name: string;
  readonly version: number;
  readonly fingerprint: string;
}

/** A reply that waits for a process which knows its saga's definition. */
export type KeptReply = Omit<ReplyEvent, 'type'>;

/** What one transaction can do. `tx` is what local steps write through. */
export interface SagaSession<Tx> {
  readonly tx: Tx;
  /** @returns milliseconds since the epoch, by the sagas' clock. */
  now(): Promise<number>;
  /** Locks and reads those of the instances that exist, in the order of their ids, waiting for other holders. */
  lock(ids: readonly string[]): Promise<LockedBatch>;
  /** The same without waiting. @returns besides, those that exist and that another transaction holds */
  lockFree(ids: readonly string[]): Promise<LockedBatch & { readonly held: readonly string[] }>;
  /**
   * Locks and reads instances of these definitions whose deadline has passed, skipping those that another process
   * holds; none when it hears that the
   * database's clock has jumped.
   *
   * @param except - the ids of instances that are left out
   */
  lockDue(limit: number, definitions: readonly DefinitionKey[], except?: readonly string[]): Promise<LockedBatch>;
  /**
   * Keeps replies for another process: this one does not know the definitions of their sagas. A doubled one is kept
   * once.
   */
  keepReplies(replies: readonly KeptReply[]): Promise<void>;
  /**
   * Locks and reads instances of these definitions for which replies were kept, and takes these replies.
   *
   * @param only - the ids of the instances that may be among them; any unless given
   * @param except - the ids of instances that are left out
   */
  lockKept(
    limit: number,
    definitions: readonly DefinitionKey[],
    only?: readonly string[],
    except?: readonly string[],
  ): Promise<LockedBatch & { readonly replies: readonly KeptReply[] }>;
  /** Saves new instances. @throws {SagaError} DUPLICATE_SAGA when an id is taken */
  insert(changes: readonly SagaChange[]): Promise<void>;
  /**
   * Saves instances that were locked; one input raises `version` by one.
   *
   * @throws {SagaError} STALE_INSTANCE when another version was saved since
   */
  save(changes: readonly SagaChange[]): Promise<void>;
  /**
   * The same, as the last act of the transaction: it is committed with it, in one round trip.
   *
   * @param decidedAt - milliseconds since the epoch, by the sagas' clock: for instances that were not locked; an old
   *   decision counts as stale, and so does a row that another transaction goes on holding
   */
  saveLast(changes: readonly SagaChange[], decidedAt?: number): Promise<void>;
  /** Runs work whose writes are undone when it throws. @throws {TransactionBroken} when they cannot be, alone */
  isolated<Result>(work: () => Promise<Result>): Promise<Result>;
  /** Breaks the transaction at once, whatever it waits for: nothing of it is kept. */
  abandon(): void;
  /** Undoes what a handler has set for the rest of the transaction: a role, a search path. */
  resetSession(): Promise<void>;
}

/** An instance with what only readers need. Times are milliseconds since the epoch. */
export interface StoredSaga {
  readonly instance: SagaInstance;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly endedAt: number | null;
  /** One element for each input, oldest first. */
  readonly history: readonly {
    readonly version: number;
    readonly at: number;
    readonly entries: readonly HistoryEntry[];
  }[];
}

export interface SagaStore<Tx> {
  /** Asks the database, beside all transactions. @returns whether it answers and takes writes */
  isReachable(): Promise<boolean>;
  /** Runs work in one transaction. It resolves only when the commit is known to have happened. */
  transaction<Result>(work: (session: SagaSession<Tx>) => Promise<Result>): Promise<Result>;
  /**
   * Saves instances that were not locked, in one statement that commits by itself: each of them only if nobody has
   * saved it since it was read, and none when the decision is old, or another transaction goes on holding one of them.
   *
   * @param decidedAt - milliseconds since the epoch, by the sagas' clock
   * @returns the ids of those that were saved
   */
  saveUnlocked(changes: readonly SagaChange[], decidedAt: number): Promise<ReadonlySet<string>>;
  /**
   * @returns milliseconds since the epoch: the sagas' clock as it was heard last, carried on by this process; null
   * before it was heard
   */
  clock(): number | null;
  /**
   * Makes a jump of the database's clock good that was heard: timers go on as if it had not been. It asks nothing
   * unless one was heard.
   *
   * @returns what the clock had jumped by, in milliseconds; null when there was none, or another process was first
   */
  absorbClockJump(): Promise<number | null>;
  /**
   * Moves timers out of the way that would wake before they are due.
   *
   * @param limit - the most instances
   * @returns whether there may be more
   */
  postponeEarlyTimers(limit: number): Promise<boolean>;
  /** @returns a session in a transaction that the caller has begun and will commit. */
  within(tx: Tx): SagaSession<Tx>;
  /** @returns an instance with its history, or null. */
  find(id: string): Promise<StoredSaga | null>;
  /** @returns the status of those of the instances that exist, by id. */
  statuses(ids: readonly string[]): Promise<ReadonlyMap<string, SagaInstance['status']>>;
}

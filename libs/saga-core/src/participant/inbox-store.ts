/** The port between participant and database: the inbox, which is also the barrier between actions and their undos. */
import type { CommandIdentity } from '../contract/routing.js';
import type { Outcome } from '../contract/outcome.js';

/**
 * What the inbox knows of a command.
 * - claimed: this transaction is the first to see it
 * - answered: its effect and this outcome were committed
 * - withheld: its effect was committed, and it is never answered
 * - barred: its undo came first; it must have no effect any more
 * - expired: its saga is so old that what was known of its commands may have been purged; whether this one was handled
 *   cannot be told any more
 */
export type InboxState =
  | { readonly type: 'claimed' }
  | { readonly type: 'answered'; readonly outcome: Outcome }
  | { readonly type: 'withheld' }
  | { readonly type: 'barred' }
  | { readonly type: 'expired' };

export interface InboxClaim {
  readonly identity: CommandIdentity;
  /** barred: claimed by an undo for the action it names, so that the action is barred if it has not come yet. */
  readonly as: 'command' | 'barred';
}

/** An answer to keep; null where the answer is withheld. */
export interface InboxAnswer {
  readonly identity: CommandIdentity;
  readonly outcome: Outcome | null;
}

/** A command was handled that another transaction has claimed, answered or barred. */
export class DuplicateCommand extends Error {
  constructor() {
    super('A command of this batch is known already; nothing of the batch was kept');
    this.name = 'DuplicateCommand';
  }
}

/** What one transaction can do. `tx` is what handlers write through. */
export interface InboxSession<Tx> {
  readonly tx: Tx;
  /**
   * Claims commands in the order of their identities, waiting for other transactions that hold the same. Each identity
   * may be given once.
   *
   * @returns what is known, in the order given
   */
  claim(claims: readonly InboxClaim[]): Promise<readonly InboxState[]>;
  /** Stores answers of claimed commands. */
  answer(answers: readonly InboxAnswer[]): Promise<void>;
  /**
   * Stores answers of commands that were not claimed, as the last act of the transaction: it is committed with it, in
   * one round trip.
   *
   * @throws {DuplicateCommand} when one of the commands is known already; then nothing of the transaction is kept
   */
  recordLast(answers: readonly InboxAnswer[]): Promise<void>;
  /** Gives claims back whose handling failed: they may be tried again. */
  release(identities: readonly CommandIdentity[]): Promise<void>;
  /** Runs work whose writes are undone when it throws. @throws {TransactionBroken} when they cannot be, alone */
  isolated<Result>(work: () => Promise<Result>): Promise<Result>;
  /** Breaks the transaction at once, whatever it waits for: nothing of it is kept. */
  abandon(): void;
  /** Undoes what a handler has set for the rest of the transaction: a role, a search path. */
  resetSession(): Promise<void>;
}

export interface InboxStore<Tx> {
  /** Asks the database, beside all transactions. @returns whether it answers and takes writes */
  isReachable(): Promise<boolean>;
  /** Runs work in one transaction. It resolves only when the commit is known to have happened. */
  transaction<Result>(work: (session: InboxSession<Tx>) => Promise<Result>): Promise<Result>;
}

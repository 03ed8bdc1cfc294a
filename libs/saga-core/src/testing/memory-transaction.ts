/**
 * Memory that behaves like a database in what saga-core relies on: transactions are serial, and undone when they throw.
 */
import { TransactionBroken } from '../store/run-handler.js';

/** What a database, or the way to it, fails with; `code` is PostgreSQL's or Node's. */
export class SimulatedFailure extends Error {
  readonly code: string;

  constructor(message: string, code: string) {
    super(`simulated: ${message}`);
    this.code = code;
  }
}

/** What handlers and local steps of a simulation write through: tables of values by key. */
export class MemoryTransaction {
  private readonly tables: Map<string, Map<string, unknown>>;
  private readonly undo: (() => void)[] = [];
  /** What each use fails with: since a statement failed, or since the session was lost. */
  private broken: { readonly error: Error; readonly isLost: boolean } | null = null;
  private deferred: Error | null = null;

  constructor(tables: Map<string, Map<string, unknown>>) {
    this.tables = tables;
  }

  /** Has a statement fail: until it is rolled back to a savepoint, whatever follows fails too. @throws that error */
  fail(error: Error): never {
    this.broken = { error: new SimulatedFailure('the transaction is aborted', '25P02'), isLost: false };
    throw error;
  }

  /** Breaks a rule that is looked at when the transaction commits. */
  failAtCommit(error: Error): void {
    this.deferred = error;
    this.undo.push(() => (this.deferred = null));
  }

  /** Loses the session: whatever follows fails, the way back to a savepoint as well. */
  abandon(): void {
    this.broken = { error: new SimulatedFailure('the session was lost', 'ECONNRESET'), isLost: true };
  }

  /** @throws when the transaction cannot commit */
  assertCommittable(): void {
    this.assertUsable();
    if (this.deferred) throw this.deferred;
  }

  get<Value>(table: string, key: string): Value | undefined {
    this.assertUsable();
    return this.tables.get(table)?.get(key) as Value | undefined;
  }

  set(table: string, key: string, value: unknown): void {
    this.assertUsable();
    const rows = this.rows(table);
    const before = rows.get(key);
    const existed = rows.has(key);
    this.undo.push(() => void (existed ? rows.set(key, before) : rows.delete(key)));
    rows.set(key, value);
  }

  delete(table: string, key: string): void {
    this.assertUsable();
    const rows = this.rows(table);
    if (!rows.has(key)) return;
    const before = rows.get(key);
    this.undo.push(() => void rows.set(key, before));
    rows.delete(key);
  }

  /** @returns all keys of a table, in order */
  keys(table: string): string[] {
    this.assertUsable();
    return [...this.rows(table).keys()].sort();
  }

  /** Runs work whose writes are undone when it throws. */
  async isolated<Result>(work: () => Promise<Result>): Promise<Result> {
    const mark = this.undo.length;
    try {
      const result = await work();
      this.assertUsable();
      return result;
    } catch (error) {
      if (this.broken?.isLost) throw new TransactionBroken(error, this.broken.error);
      this.broken = null;
      this.rollback(mark);
      throw error;
    }
  }

  private assertUsable(): void {
    if (this.broken) throw this.broken.error;
  }

  /** Undoes writes, the last first, down to a mark. */
  rollback(mark = 0): void {
    while (this.undo.length > mark) this.undo.pop()!();
  }

  /** Makes the last write stay, whatever becomes of the transaction. */
  protected keep(): void {
    this.undo.pop();
  }

  private rows(table: string): Map<string, unknown> {
    let rows = this.tables.get(table);
    if (!rows) this.tables.set(table, (rows = new Map<string, unknown>()));
    return rows;
  }
}

/** What can go wrong around a commit; a fault throws. */
export interface CommitFaults {
  /** Resolves when the transaction may begin: the process may stand still before it. */
  begin(): Promise<void>;
  beforeCommit(): void;
  afterCommit(): void;
  /** @returns whether the database answers those who ask after a failure. */
  isReachable(): boolean;
}

/** A database of one service; processes share it. */
export class MemoryDatabase {
  protected readonly tables = new Map<string, Map<string, unknown>>();
  private last: Promise<unknown> = Promise.resolve();

  /**
   * Runs a transaction after all earlier ones. `faults` may throw before the commit, which undoes it, and after, which
   * does not.
   */
  async transaction<Result>(work: (tx: MemoryTransaction) => Promise<Result>, faults?: CommitFaults): Promise<Result> {
    await faults?.begin();
    const turn = this.last.then(async () => {
      const tx = this.begin();
      try {
        const result = await work(tx);
        tx.assertCommittable();
        faults?.beforeCommit();
        return { result };
      } catch (error) {
        tx.rollback();
        throw error;
      }
    });
    this.last = turn.catch(() => undefined);
    const { result } = await turn;
    faults?.afterCommit();
    return result;
  }

  /** @returns what an observer sees who waits for nobody; between transactions it is what was committed */
  peek(): MemoryTransaction {
    return new MemoryTransaction(this.tables);
  }

  protected begin(): MemoryTransaction {
    return new MemoryTransaction(this.tables);
  }
}

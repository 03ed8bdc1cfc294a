/** Does to sagas what a bulk operation says, and records the result of each. */
import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyBaseLogger } from 'fastify';
import { isRetryable, messageOf, SagaError } from 'saga-core';
import { type BulkItem, completeBulkItems, type StoredBulkOperation } from 'saga-core/admin';
import type { OperatorConsoleOptions } from './options.js';
import { Semaphore } from './semaphore.js';

/** Sagas at once, of all operations: others want the database as well. */
const MAX_CONCURRENT = 4;
/** How long a batch waits for its sagas. */
const BATCH_WAIT_MS = 2_000;
/** How often a saga is tried whose error may be temporary. After that the saga itself is at fault. */
const MAX_ATTEMPTS = 5;

export type BulkParts = Pick<OperatorConsoleOptions, 'orchestrator' | 'database'>;

interface Result {
  readonly sagaId: string;
  readonly failure: string | null;
}

export class BulkItemRunner {
  private readonly parts: BulkParts;
  private readonly log: FastifyBaseLogger;
  private readonly semaphore = new Semaphore(MAX_CONCURRENT);
  /** Retries that have begun and not ended, by operation and saga. */
  private readonly inFlight = new Map<string, Promise<void>>();
  /** Failed attempts in this process, by operation and saga. */
  private readonly attempts = new Map<string, number>();

  constructor(parts: BulkParts, log: FastifyBaseLogger) {
    this.parts = parts;
    this.log = log;
  }

  /**
   * Retries sagas, and waits a limited time for them: one that waits for a lock holds up no other.
   *
   * @returns how many were settled; the others are left as they are. @throws when the database is away
   */
  async work(bulk: StoredBulkOperation, items: readonly BulkItem[]): Promise<number> {
    const batch: { done: (Result | Deferred)[] | null } = { done: [] };
    const all = items.flatMap((item) => this.begin(bulk, item, batch) ?? []);
    const timer = new AbortController();
    await Promise.race([
      Promise.all(all),
      delay(BATCH_WAIT_MS, undefined, { signal: timer.signal }).catch(() => undefined),
    ]);
    timer.abort();
    const done = batch.done ?? [];
    batch.done = null;
    return this.record(bulk, done);
  }

  /** Waits for all that has begun. */
  async idle(): Promise<void> {
    await Promise.all(this.inFlight.values());
  }

  /** @returns null for one that has begun before and is not over */
  private begin(
    bulk: StoredBulkOperation,
    item: BulkItem,
    batch: { readonly done: (Result | Deferred)[] | null },
  ): Promise<void> | null {
    const key = `${bulk.id} ${item.sagaId}`;
    if (this.inFlight.has(key)) return null;
    const work = this.semaphore
      .run(() => this.retry(bulk, item))
      .then(async (result) => {
        this.inFlight.delete(key);
        if (batch.done) batch.done.push(result);
        else await this.record(bulk, [result]);
      })
      .catch((error: unknown) =>
        this.log.warn({ operation: bulk.id, sagaId: item.sagaId, reason: messageOf(error) }, 'to be noted later'),
      );
    this.inFlight.set(key, work);
    return work;
  }

  private async record(bulk: StoredBulkOperation, done: readonly (Result | Deferred)[]): Promise<number> {
    const results = done.flatMap((result) => ('deferred' in result ? [] : [result]));
    if (results.length > 0) await this.settle(bulk.id, results);
    for (const { sagaId } of results) this.attempts.delete(`${bulk.id} ${sagaId}`);
    // The database answers: what failed all the same is at fault itself.
    return (
      results.length +
      (await this.countAttempts(
        bulk.id,
        done.flatMap((result) => ('deferred' in result ? [result] : [])),
      ))
    );
  }

  private async retry(bulk: StoredBulkOperation, { sagaId, version }: BulkItem): Promise<Result | Deferred> {
    const reason = bulkReason(bulk);
    try {
      await this.parts.orchestrator.operate(sagaId, { type: 'retry', by: bulk.operator, reason, version });
      return { sagaId, failure: null };
    } catch (error) {
      const deferred = { deferred: messageOf(error), sagaId };
      // Another process knows it.
      if (error instanceof SagaError && error.code === 'UNKNOWN_DEFINITION')
        return { ...deferred, needsOtherProcess: true };
      if (isRetryable(error)) return { ...deferred, needsOtherProcess: false };
      if (!(error instanceof SagaError && error.code === 'SAGA_MOVED_ON')) return { sagaId, failure: messageOf(error) };
      const wasRetried = await this.wasRetried(sagaId, reason).catch(() => null);
      if (wasRetried === null) return { ...deferred, needsOtherProcess: false };
      return { sagaId, failure: wasRetried ? null : messageOf(error) };
    }
  }

  /** Whether this operation has retried the saga before: a process may have died before it saved the result. */
  private async wasRetried(sagaId: string, reason: string): Promise<boolean> {
    const saga = await this.parts.orchestrator.stored(sagaId);
    const entries = (saga?.history ?? []).flatMap((row) => row.entries);
    return entries.some(({ type, message }) => type === 'operator_retried' && message === reason);
  }

  /** Saves results. When they cannot be saved together, they are divided until the guilty one is alone. */
  private async settle(operation: string, results: readonly Result[]): Promise<void> {
    try {
      await completeBulkItems(this.parts.database, operation, results);
    } catch (error) {
      if (isRetryable(error)) throw error;
      const [first, ...others] = results;
      if (others.length > 0) {
        const half = Math.ceil(results.length / 2);
        await this.settle(operation, results.slice(0, half));
        return this.settle(operation, results.slice(half));
      }
      this.log.error({ operation, ...first, problem: messageOf(error) }, 'what became of a saga could not be noted');
      await completeBulkItems(this.parts.database, operation, [
        { sagaId: first!.sagaId, failure: 'What became of it could not be noted; the log says why' },
      ]);
    }
  }

  /** @returns how many were given up: nothing is tried for ever */
  private async countAttempts(operation: string, deferredItems: readonly Deferred[]): Promise<number> {
    const givenUp: Result[] = [];
    for (const { sagaId, deferred, needsOtherProcess } of deferredItems) {
      if (needsOtherProcess) continue;
      const key = `${operation} ${sagaId}`;
      const attempts = (this.attempts.get(key) ?? 0) + 1;
      if (attempts < MAX_ATTEMPTS) this.attempts.set(key, attempts);
      else {
        this.attempts.delete(key);
        givenUp.push({ sagaId, failure: deferred });
      }
    }
    // Fails when it was the database all the time.
    if (givenUp.length > 0) await this.settle(operation, givenUp);
    return givenUp.length;
  }
}

/** A saga that could not be retried now. */
interface Deferred {
  readonly sagaId: string;
  /** Why. */
  readonly deferred: string;
  /** This process does not know its definition. */
  readonly needsOtherProcess: boolean;
}

/** @returns the reason as it stands in the histories of its sagas: it names the operation */
export const bulkReason = ({ id, reason }: Pick<StoredBulkOperation, 'id' | 'reason'>): string =>
  `${reason} (bulk operation ${id})`;

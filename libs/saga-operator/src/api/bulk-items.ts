/** Does to sagas what a bulk operation says, and notes what became of each. */
import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyBaseLogger } from 'fastify';
import { isRetryable, messageOf, SagaError } from 'saga-core';
import { type BulkItem, settleBulkItems, type StoredBulk } from 'saga-core/admin';
import type { OperatorConsoleOptions } from './options.js';
import { Slots } from './slots.js';

/** Sagas at once, of all operations: others want the database as well. */
const SIDE_BY_SIDE = 4;
/** How long a batch waits for its sagas, in milliseconds. */
const PATIENCE_MS = 2_000;
/** So often is tried what may pass, while the database answers; then it is the saga's own fault. */
const MOST_TRIES = 5;

export type BulkParts = Pick<OperatorConsoleOptions, 'orchestrator' | 'database'>;

interface Result {
  readonly sagaId: string;
  readonly failure: string | null;
}

export class BulkItems {
  private readonly parts: BulkParts;
  private readonly log: FastifyBaseLogger;
  private readonly slots = new Slots(SIDE_BY_SIDE);
  /** What has begun and is not over, by operation and saga. */
  private readonly inFlight = new Map<string, Promise<void>>();
  /** How often a saga of an operation has been tried here in vain. */
  private readonly tries = new Map<string, number>();

  constructor(parts: BulkParts, log: FastifyBaseLogger) {
    this.parts = parts;
    this.log = log;
  }

  /**
   * Does what is to be done, and waits for it, but not for long: one that waits, such as for a lock, holds up no other.
   *
   * @returns how many were settled; the others are left as they are. @throws when the database is away
   */
  async work(bulk: StoredBulk, items: readonly BulkItem[]): Promise<number> {
    const batch: { done: (Result | Later)[] | null } = { done: [] };
    const all = items.flatMap((item) => this.begin(bulk, item, batch) ?? []);
    const enough = new AbortController();
    await Promise.race([
      Promise.all(all),
      delay(PATIENCE_MS, undefined, { signal: enough.signal }).catch(() => undefined),
    ]);
    enough.abort();
    const done = batch.done ?? [];
    batch.done = null;
    return this.note(bulk, done);
  }

  /** Waits for all that has begun. */
  async idle(): Promise<void> {
    await Promise.all(this.inFlight.values());
  }

  /** @returns null for one that has begun before and is not over */
  private begin(
    bulk: StoredBulk,
    item: BulkItem,
    batch: { readonly done: (Result | Later)[] | null },
  ): Promise<void> | null {
    const key = `${bulk.id} ${item.sagaId}`;
    if (this.inFlight.has(key)) return null;
    const work = this.slots
      .run(() => this.retry(bulk, item))
      .then(async (result) => {
        this.inFlight.delete(key);
        if (batch.done) batch.done.push(result);
        else await this.note(bulk, [result]);
      })
      .catch((error: unknown) =>
        this.log.warn({ operation: bulk.id, sagaId: item.sagaId, reason: messageOf(error) }, 'to be noted later'),
      );
    this.inFlight.set(key, work);
    return work;
  }

  private async note(bulk: StoredBulk, done: readonly (Result | Later)[]): Promise<number> {
    const results = done.flatMap((result) => ('later' in result ? [] : [result]));
    if (results.length > 0) await this.settle(bulk.id, results);
    for (const { sagaId } of results) this.tries.delete(`${bulk.id} ${sagaId}`);
    // The database answers: what failed all the same is at fault itself.
    return (
      results.length +
      (await this.countTries(
        bulk.id,
        done.flatMap((result) => ('later' in result ? [result] : [])),
      ))
    );
  }

  private async retry(bulk: StoredBulk, { sagaId, version }: BulkItem): Promise<Result | Later> {
    const reason = bulkReason(bulk);
    try {
      await this.parts.orchestrator.operate(sagaId, { type: 'retry', by: bulk.operator, reason, version });
      return { sagaId, failure: null };
    } catch (error) {
      const later = { later: messageOf(error), sagaId };
      // Another process knows it.
      if (error instanceof SagaError && error.code === 'UNKNOWN_DEFINITION') return { ...later, isElsewhere: true };
      if (isRetryable(error)) return { ...later, isElsewhere: false };
      if (!(error instanceof SagaError && error.code === 'SAGA_MOVED_ON')) return { sagaId, failure: messageOf(error) };
      const wasRetried = await this.wasRetried(sagaId, reason).catch(() => null);
      if (wasRetried === null) return { ...later, isElsewhere: false };
      return { sagaId, failure: wasRetried ? null : messageOf(error) };
    }
  }

  /** It was this operation that moved it on, when a process died before it could note so. */
  private async wasRetried(sagaId: string, reason: string): Promise<boolean> {
    const saga = await this.parts.orchestrator.stored(sagaId);
    const entries = (saga?.history ?? []).flatMap((row) => row.entries);
    return entries.some(({ type, message }) => type === 'operator_retried' && message === reason);
  }

  /** Notes results; where they cannot be noted together, divided, until the one is alone that cannot be. */
  private async settle(operation: string, results: readonly Result[]): Promise<void> {
    try {
      await settleBulkItems(this.parts.database, operation, results);
    } catch (error) {
      if (isRetryable(error)) throw error;
      const [first, ...others] = results;
      if (others.length > 0) {
        const half = Math.ceil(results.length / 2);
        await this.settle(operation, results.slice(0, half));
        return this.settle(operation, results.slice(half));
      }
      this.log.error({ operation, ...first, problem: messageOf(error) }, 'what became of a saga could not be noted');
      await settleBulkItems(this.parts.database, operation, [
        { sagaId: first!.sagaId, failure: 'What became of it could not be noted; the log says why' },
      ]);
    }
  }

  /** @returns how many were given up: nothing is tried for ever */
  private async countTries(operation: string, left: readonly Later[]): Promise<number> {
    const givenUp: Result[] = [];
    for (const { sagaId, later, isElsewhere } of left) {
      if (isElsewhere) continue;
      const key = `${operation} ${sagaId}`;
      const tries = (this.tries.get(key) ?? 0) + 1;
      if (tries < MOST_TRIES) this.tries.set(key, tries);
      else {
        this.tries.delete(key);
        givenUp.push({ sagaId, failure: later });
      }
    }
    // Fails when it was the database all the time.
    if (givenUp.length > 0) await this.settle(operation, givenUp);
    return givenUp.length;
  }
}

/** It could not be done now. */
interface Later {
  readonly sagaId: string;
  readonly later: string;
  /** This process does not know its definition. */
  readonly isElsewhere: boolean;
}

/** @returns the reason as it stands in the histories of its sagas: it names the operation */
export const bulkReason = ({ id, reason }: Pick<StoredBulk, 'id' | 'reason'>): string =>
  `${reason} (bulk operation ${id})`;

/** Works off bulk operations, of whichever process: each is held by one at a time, and when that one dies another takes it. */
import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyBaseLogger } from 'fastify';
import { messageOf, SagaError } from '../errors.js';
import {
  bulkItems,
  releaseBulk,
  settleBulkItems,
  takeBulk,
  type BulkItem,
  type StoredBulk,
} from '../store/bulk-operations.js';
import { mayPass } from '../store/database-errors.js';
import type { OperatorConsoleOptions } from './options.js';

/** A process looks at once for what was begun in it; this is for what another one left. */
const IDLE_MS = 30_000;
const PAUSE_MS = 1_000;
const HOLD_MS = 30_000;
/** Sets in a second. */
const PER_SECOND = 4;
/** Sagas at once: others want the database as well. */
const SIDE_BY_SIDE = 4;

type Parts = Pick<OperatorConsoleOptions, 'orchestrator' | 'database'>;

export class BulkWorker {
  private readonly parts: Parts;
  private readonly log: FastifyBaseLogger;
  private readonly stopping = new AbortController();
  private waking = new AbortController();
  private running: Promise<void> = Promise.resolve();

  constructor(parts: Parts, log: FastifyBaseLogger) {
    this.parts = parts;
    this.log = log;
  }

  start(): void {
    this.running = this.run();
  }

  /** Has it look at once. */
  wake(): void {
    this.waking.abort();
  }

  /** Finishes the set in hand, and leaves the rest to others. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.wake();
    await this.running;
  }

  private isStopping(): boolean {
    return this.stopping.signal.aborted;
  }

  private async run(): Promise<void> {
    while (!this.isStopping()) {
      this.waking = new AbortController();
      let pauseMs = IDLE_MS;
      try {
        const bulk = this.parts.orchestrator.isReady() ? await takeBulk(this.parts.database, HOLD_MS) : null;
        if (bulk) {
          await this.work(bulk);
          continue;
        }
      } catch (error) {
        this.log.warn({ reason: messageOf(error) }, 'a bulk operation could not go on; trying again');
        pauseMs = PAUSE_MS;
      }
      if (!this.isStopping()) await delay(pauseMs, undefined, { signal: this.waking.signal }).catch(() => undefined);
    }
  }

  private async work({ id, perSecond }: StoredBulk): Promise<void> {
    const { database } = this.parts;
    const size = Math.max(1, Math.floor(perSecond / PER_SECOND));
    try {
      for (
        let bulk: StoredBulk | null;
        !this.isStopping() && (bulk = await takeBulk(database, HOLD_MS, id)) !== null;
      ) {
        const next = performance.now() + (size / perSecond) * 1_000;
        await this.workSet(bulk, await bulkItems(database, id, size));
        await delay(Math.max(0, next - performance.now()), undefined, { signal: this.stopping.signal }).catch(
          () => undefined,
        );
      }
    } finally {
      await releaseBulk(database, id);
    }
  }

  /** @throws what may pass; those that were done before are noted then */
  private async workSet(bulk: StoredBulk, items: readonly BulkItem[]): Promise<void> {
    const results: { sagaId: string; failure: string | null }[] = [];
    let left = [...items];
    try {
      while (left.length > 0) {
        const few = left.slice(0, SIDE_BY_SIDE);
        results.push(...(await Promise.all(few.map((item) => this.retry(bulk, item)))));
        left = left.slice(few.length);
      }
    } finally {
      await settleBulkItems(this.parts.database, bulk.id, results);
    }
  }

  private async retry(
    bulk: StoredBulk,
    { sagaId, version }: BulkItem,
  ): Promise<{ sagaId: string; failure: string | null }> {
    const reason = bulkReason(bulk);
    try {
      await this.parts.orchestrator.operate(sagaId, { type: 'retry', by: bulk.operator, reason, version });
      return { sagaId, failure: null };
    } catch (error) {
      if (mayPass(error)) throw error;
      if (error instanceof SagaError && error.code === 'SAGA_MOVED_ON' && (await this.wasRetried(sagaId, reason)))
        return { sagaId, failure: null };
      return { sagaId, failure: messageOf(error) };
    }
  }

  /** It was this operation that moved it on, when a process died before it could note so. */
  private async wasRetried(sagaId: string, reason: string): Promise<boolean> {
    const saga = await this.parts.orchestrator.stored(sagaId);
    const entries = (saga?.history ?? []).flatMap((row) => row.entries);
    return entries.some(({ type, message }) => type === 'operator_retried' && message === reason);
  }
}

/** @returns the reason as it stands in the histories of its sagas: it names the operation */
export const bulkReason = ({ id, reason }: Pick<StoredBulk, 'id' | 'reason'>): string =>
  `${reason} (bulk operation ${id})`;

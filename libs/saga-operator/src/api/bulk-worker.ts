/**
 * Runs bulk operations, each at its own rate. One process claims an operation for a while; when that process dies,
 * another claims it. An item that fails harms no other item. What this process cannot do now is left for later, or for
 * another process.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyBaseLogger } from 'fastify';
import { messageOf } from 'saga-core';
import {
  type BulkItem,
  pendingBulkItems,
  renewBulkClaim,
  releaseBulkClaim,
  type StoredBulkOperation,
  claimBulkOperation,
} from 'saga-core/admin';
import { BulkItemRunner, type BulkParts } from './bulk-item-runner.js';

/** How often a process looks for operations that another one left. Those that begin in it, it finds at once. */
const IDLE_MS = 30_000;
const RETRY_PAUSE_MS = 1_000;
const CLAIM_MS = 30_000;
/** Batches in a second. */
const BATCHES_PER_SECOND = 4;

export class BulkWorker {
  private readonly parts: BulkParts;
  private readonly log: FastifyBaseLogger;
  private readonly items: BulkItemRunner;
  private readonly stopping = new AbortController();
  private waking = new AbortController();
  private running: Promise<void> = Promise.resolve();
  /** Operations that this process works on, by id. */
  private readonly active = new Map<string, Promise<void>>();
  /** Operations that this process leaves alone, and until when. Other processes may claim them. */
  private readonly backingOff = new Map<string, number>();

  constructor(parts: BulkParts, log: FastifyBaseLogger) {
    this.parts = parts;
    this.log = log;
    this.items = new BulkItemRunner(parts, log);
  }

  start(): void {
    this.running = this.run();
  }

  /** Looks for operations at once. */
  wake(): void {
    this.waking.abort();
  }

  /** Finishes the batches that have begun, and leaves the rest to other processes. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.wake();
    await this.running;
    await Promise.all(this.active.values());
    await this.items.idle();
  }

  private isStopping(): boolean {
    return this.stopping.signal.aborted;
  }

  private async run(): Promise<void> {
    while (!this.isStopping()) {
      this.waking = new AbortController();
      try {
        await this.claimAll();
      } catch (error) {
        this.log.warn({ reason: messageOf(error) }, 'bulk operations could not be looked for; trying again');
      }
      const next = Math.min(IDLE_MS, ...[...this.backingOff.values()].map((until) => until - performance.now()));
      if (!this.isStopping())
        await delay(Math.max(RETRY_PAUSE_MS, next), undefined, { signal: this.waking.signal }).catch(() => undefined);
    }
  }

  private async claimAll(): Promise<void> {
    const { database, orchestrator } = this.parts;
    for (const [id, until] of this.backingOff) if (until <= performance.now()) this.backingOff.delete(id);
    while (!this.isStopping() && orchestrator.isReady()) {
      const except = [...this.active.keys(), ...this.backingOff.keys()];
      const bulk = await claimBulkOperation(database, {
        claimMs: CLAIM_MS,
        definitions: orchestrator.definitions,
        except,
      });
      if (!bulk) return;
      this.active.set(
        bulk.id,
        this.work(bulk).finally(() => this.active.delete(bulk.id)),
      );
    }
  }

  /** Works on one until nothing is left that this process can do. */
  private async work({ id }: StoredBulkOperation): Promise<void> {
    const { database } = this.parts;
    let backoffMs = 0;
    try {
      // What a round leaves is tried again in another, after a pause.
      let round = await this.round(id);
      for (; round === 'more' && !this.isStopping(); round = await this.round(id)) await this.sleep(RETRY_PAUSE_MS);
      if (round === 'idle') backoffMs = IDLE_MS;
    } catch (error) {
      this.log.warn({ operation: id, reason: messageOf(error) }, 'a bulk operation could not go on; trying again');
      backoffMs = RETRY_PAUSE_MS;
    }
    if (backoffMs > 0) this.backingOff.set(id, performance.now() + backoffMs);
    await releaseBulkClaim(database, id).catch(() => undefined);
    this.waking.abort();
  }

  /**
   * Tries each item once.
   *
   * @returns `over`: the operation has ended, or has no item left for this process. `idle`: none of the rest could be
   *   done. `more`: some could
   */
  private async round(id: string): Promise<'over' | 'idle' | 'more'> {
    const { database, orchestrator } = this.parts;
    let after: string | null = null;
    let [tried, settled] = [0, 0];
    while (!this.isStopping()) {
      const bulk = await renewBulkClaim(database, id, CLAIM_MS);
      if (!bulk) return 'over';
      const limit = Math.max(1, Math.floor(bulk.perSecond / BATCHES_PER_SECOND));
      const next = performance.now() + (limit / bulk.perSecond) * 1_000;
      const batch: BulkItem[] = await pendingBulkItems(database, id, {
        after,
        limit,
        definitions: orchestrator.definitions,
      });
      if (batch.length === 0) break;
      settled += await this.items.work(bulk, batch);
      tried += batch.length;
      after = batch.at(-1)!.sagaId;
      await this.sleep(Math.max(0, next - performance.now()));
    }
    if (tried === 0 && !this.isStopping()) return 'over';
    return settled > 0 ? 'more' : 'idle';
  }

  private async sleep(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.stopping.signal }).catch(() => undefined);
  }
}

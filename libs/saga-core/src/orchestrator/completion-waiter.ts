/**
 * Waiting for the end of sagas: at once when it comes in this process, within a poll when another process brings it.
 */
import type { Logger } from 'pino';
import { hasEnded, type SagaStatus } from '../engine/instance.js';
import type { SagaObserver } from './saga-observer.js';
import type { SagaChange } from './saga-store.js';
import { messageOf } from '../errors.js';

type Resolve = (status: SagaStatus | null) => void;

/**
 * The pause between two polls, and what each saga that is waited for adds to it: where many wait, most are advanced by
 * this process.
 */
const POLL_MS = 250;
const POLL_MS_PER_SAGA = 1;

/** A timer for longer goes off at once. */
const LONGEST_TIMER_MS = 2_147_483_647;

const isFinal = (status: SagaStatus): boolean => hasEnded(status) || status === 'stuck';

export class CompletionWaiter implements SagaObserver {
  private readonly waiting = new Map<string, Set<Resolve>>();
  private readonly statuses: (ids: readonly string[]) => Promise<ReadonlyMap<string, SagaStatus>>;
  private readonly logger: Logger;
  private timer: NodeJS.Timeout | null = null;
  private stopped = false;

  /** @param statuses - reads the statuses of sagas, for those that another process advances */
  constructor(statuses: (ids: readonly string[]) => Promise<ReadonlyMap<string, SagaStatus>>, logger: Logger) {
    this.statuses = statuses;
    this.logger = logger;
  }

  /** @returns the status with which the saga ended or got stuck, or null after `timeoutMs` */
  async wait(sagaId: string, timeoutMs: number): Promise<SagaStatus | null> {
    if (this.stopped) return null;
    return new Promise((settle) => {
      const resolves = this.waiting.get(sagaId) ?? new Set<Resolve>();
      this.waiting.set(sagaId, resolves);
      const finish = (status: SagaStatus | null): void => {
        clearTimeout(timeout);
        resolves.delete(finish);
        if (resolves.size === 0) this.waiting.delete(sagaId);
        settle(status);
      };
      const timeout = setTimeout(() => finish(null), Math.min(timeoutMs, LONGEST_TIMER_MS));
      resolves.add(finish);
      this.pollLater();
    });
  }

  /** Tells those who wait for one of these instances. */
  saved(changes: readonly SagaChange[]): void {
    if (this.waiting.size === 0) return;
    for (const { instance } of changes) this.tell(instance.id, instance.status);
  }

  /** Answers all who wait, now and later, that nothing has come. */
  stop(): void {
    this.stopped = true;
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    for (const finish of [...this.waiting.values()].flatMap((resolves) => [...resolves])) finish(null);
  }

  private tell(id: string, status: SagaStatus): void {
    if (!isFinal(status)) return;
    for (const finish of [...(this.waiting.get(id) ?? [])]) finish(status);
  }

  private async poll(): Promise<void> {
    try {
      for (const [id, status] of await this.statuses([...this.waiting.keys()])) this.tell(id, status);
    } catch (error) {
      this.logger.warn({ reason: messageOf(error) }, 'sagas that are waited for could not be read; trying again');
    }
    this.timer = null;
    if (this.waiting.size > 0 && !this.stopped) this.pollLater();
  }

  private pollLater(): void {
    this.timer ??= setTimeout(() => void this.poll(), POLL_MS + POLL_MS_PER_SAGA * this.waiting.size);
  }
}

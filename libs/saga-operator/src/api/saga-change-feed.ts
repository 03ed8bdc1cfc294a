/**
 * Changes of sagas, whichever process made them. The database is polled once for all listeners, and only while there
 * are some.
 */
import type { Logger } from 'pino';
import { messageOf } from 'saga-core';
import { changedSagas, type Database, type ListedSaga, listedSagas } from 'saga-core/admin';

const POLL_MS = 500;
/** How long a transaction that has changed a saga may take to commit and still be seen. */
const LATE_COMMIT_MS = 5_000;
/** Polling takes at most this share of the time. */
const MAX_POLLING_SHARE = 0.1;
/** How many changes one poll reads, and how many it passes on. Of more, listeners only hear that there were more. */
const MAX_CHANGES_READ = 20_000;
const MAX_CHANGES_SENT = 5_000;
const PAGE = 500;

/** Gets sagas that have changed. null says that more have changed than it gets. */
type Listener = (sagas: readonly ListedSaga[] | null) => void;

export class SagaChangeFeed<Db> {
  private readonly database: Database<Db>;
  private readonly logger: Pick<Logger, 'warn'>;
  private readonly listeners = new Set<Listener>();
  private timer: NodeJS.Timeout | null = null;
  /** The version in which each saga was seen last, of those that may be seen again. */
  private seen = new Map<string, number>();
  private polledAt: number | null = null;

  constructor(database: Database<Db>, logger: Pick<Logger, 'warn'>) {
    this.database = database;
    this.logger = logger;
  }

  /** @returns a function that ends the subscription */
  subscribe(listener: Listener): () => void {
    this.listeners.add(listener);
    this.schedulePoll(0);
    return () => void this.listeners.delete(listener);
  }

  stop(): void {
    this.listeners.clear();
    if (this.timer) clearTimeout(this.timer);
  }

  private schedulePoll(pauseMs: number): void {
    this.timer ??= setTimeout(() => void this.poll(), pauseMs);
  }

  private async poll(): Promise<void> {
    const began = performance.now();
    try {
      const sinceMs = began - (this.polledAt ?? began) + LATE_COMMIT_MS;
      const found = await changedSagas(this.database, sinceMs, MAX_CHANGES_READ);
      // What was there before anybody listened is no news.
      const changed = this.polledAt === null ? [] : found.filter(({ id, version }) => this.seen.get(id) !== version);
      const changes = changed.slice(0, MAX_CHANGES_SENT).reverse();
      for (let at = 0; at < changes.length; at += PAGE) {
        const ids = changes.slice(at, at + PAGE).map(({ id }) => id);
        const sagas = await listedSagas(this.database, ids);
        for (const listener of [...this.listeners]) listener(sagas);
      }
      const isAll = changed.length === changes.length && (found.length < MAX_CHANGES_READ || this.polledAt === null);
      if (!isAll) for (const listener of [...this.listeners]) listener(null);
      this.seen = new Map(found.map(({ id, version }) => [id, version]));
      this.polledAt = began;
    } catch (error) {
      this.logger.warn({ reason: messageOf(error) }, 'changes of sagas could not be read; trying again');
    }
    this.timer = null;
    if (this.listeners.size > 0)
      return this.schedulePoll(Math.max(POLL_MS, (performance.now() - began) / MAX_POLLING_SHARE));
    this.polledAt = null;
  }
}

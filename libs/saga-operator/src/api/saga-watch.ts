/** Changes of sagas, of whichever process, for any number of listeners: the database is looked at once for all, and only while somebody listens. */
import type { Logger } from 'pino';
import { messageOf } from 'saga-core';
import { changedSagas, type Database, type ListedSaga, listedSagas } from 'saga-core/admin';

const POLL_MS = 500;
/** How long a transaction that has changed a saga may take to commit and still be seen. */
const LATE_COMMIT_MS = 5_000;
/** A look takes at most this share of the time. */
const LOAD = 0.1;
/** The most changed sagas that one look tells apart, and the most that it tells of: of more it says that there were more. */
const MOST_CHANGED = 20_000;
const MOST_TOLD = 5_000;
const PAGE = 500;

/** Told of sagas that have changed; null says that there were more, so that whoever needs all looks for himself. */
type Listener = (sagas: readonly ListedSaga[] | null) => void;

export class SagaWatch<Db> {
  private readonly database: Database<Db>;
  private readonly logger: Pick<Logger, 'warn'>;
  private readonly listeners = new Set<Listener>();
  private timer: NodeJS.Timeout | null = null;
  /** The version in which each saga was seen last, of those that may be seen again. */
  private seen = new Map<string, number>();
  private lookedAt: number | null = null;

  constructor(database: Database<Db>, logger: Pick<Logger, 'warn'>) {
    this.database = database;
    this.logger = logger;
  }

  /** @returns a function that ends the listening */
  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    this.lookLater(0);
    return () => void this.listeners.delete(listener);
  }

  stop(): void {
    this.listeners.clear();
    if (this.timer) clearTimeout(this.timer);
  }

  private lookLater(pauseMs: number): void {
    this.timer ??= setTimeout(() => void this.look(), pauseMs);
  }

  private async look(): Promise<void> {
    const began = performance.now();
    try {
      const sinceMs = began - (this.lookedAt ?? began) + LATE_COMMIT_MS;
      const found = await changedSagas(this.database, sinceMs, MOST_CHANGED);
      // What was there before anybody listened is no news.
      const news = this.lookedAt === null ? [] : found.filter(({ id, version }) => this.seen.get(id) !== version);
      const told = news.slice(0, MOST_TOLD).reverse();
      for (let at = 0; at < told.length; at += PAGE) {
        const ids = told.slice(at, at + PAGE).map(({ id }) => id);
        const sagas = await listedSagas(this.database, ids);
        for (const listener of [...this.listeners]) listener(sagas);
      }
      const isAll = news.length === told.length && (found.length < MOST_CHANGED || this.lookedAt === null);
      if (!isAll) for (const listener of [...this.listeners]) listener(null);
      this.seen = new Map(found.map(({ id, version }) => [id, version]));
      this.lookedAt = began;
    } catch (error) {
      this.logger.warn({ reason: messageOf(error) }, 'changes of sagas could not be read; trying again');
    }
    this.timer = null;
    if (this.listeners.size > 0) return this.lookLater(Math.max(POLL_MS, (performance.now() - began) / LOAD));
    this.lookedAt = null;
  }
}

/** Changes of sagas, of whichever process, for any number of listeners: the database is looked at once for all, and only while somebody listens. */
import type { Logger } from 'pino';
import { messageOf } from '../errors.js';
import type { Database } from '../store/database.js';
import { changedSagas } from '../store/saga-changes.js';
import type { ListedSaga } from '../store/saga-listing.js';

const POLL_MS = 500;
/** How long a transaction that has changed a saga may take to commit and still be seen. */
const LATE_COMMIT_MS = 5_000;
/** A look takes at most this share of the time. */
const LOAD = 0.1;
const MOST = 1_000;

type Listener = (sagas: readonly ListedSaga[]) => void;

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
      const found = await changedSagas(this.database, sinceMs, MOST);
      const news = found.filter(({ instance }) => this.seen.get(instance.id) !== instance.version);
      // What was there before anybody listened is no news.
      const first = this.lookedAt === null;
      this.seen = new Map(found.map(({ instance }) => [instance.id, instance.version]));
      this.lookedAt = began;
      if (!first && news.length > 0) for (const listener of [...this.listeners]) listener(news);
    } catch (error) {
      this.logger.warn({ reason: messageOf(error) }, 'changes of sagas could not be read; trying again');
    }
    this.timer = null;
    if (this.listeners.size > 0) return this.lookLater(Math.max(POLL_MS, (performance.now() - began) / LOAD));
    this.lookedAt = null;
  }
}

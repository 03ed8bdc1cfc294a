/** Advances sagas alone, a few at a time, beside the rounds that find them: those that are due do not wait for them. */
import type { Logger } from 'pino';
import { messageOf } from '../errors.js';
import { CONSTANTS } from '../settings.js';

export class IsolationQueue {
  private readonly logger: Logger;
  private readonly signal: AbortSignal;
  private readonly inHand = new Set<string>();
  private readonly running = new Set<Promise<void>>();
  private waiting: (() => Promise<void>)[] = [];

  /** @param signal - nothing is begun after it */
  constructor(logger: Logger, signal: AbortSignal) {
    this.logger = logger;
    this.signal = signal;
  }

  /** @returns the sagas that run or wait */
  ids(): string[] {
    return [...this.inHand];
  }

  /** What fails is left: the saga is due still, and the next round finds it. */
  add(sagaId: string, advance: () => Promise<void>): void {
    if (this.inHand.has(sagaId)) return;
    this.inHand.add(sagaId);
    this.waiting.push(async () => {
      try {
        await advance();
      } catch (error) {
        this.logger.warn({ sagaId, reason: messageOf(error) }, 'a saga could not be advanced alone; trying again');
      } finally {
        this.inHand.delete(sagaId);
      }
    });
    this.fill();
  }

  /** Resolves when nothing runs any more. */
  async idle(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running);
  }

  private fill(): void {
    if (this.signal.aborted) return;
    while (this.running.size < CONSTANTS.maxConcurrentIsolatedTimers && this.waiting.length > 0) {
      const task = this.waiting.shift()!().finally(() => {
        this.running.delete(task);
        this.fill();
      });
      this.running.add(task);
    }
  }
}

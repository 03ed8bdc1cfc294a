import { CONSTANTS } from '../settings.js';

/** Keeps what cannot be done now, to be tried again after a while; bounded in number and in time. */
export class RetryQueue<Item> {
  private readonly onDue: () => void;
  /** Since when each waits. */
  private readonly waiting = new Map<Item, number>();
  private timer: NodeJS.Timeout | null = null;
  private isDue = false;

  /** @param onDue - called when it is time to try again */
  constructor(onDue: () => void) {
    this.onDue = onDue;
  }

  get size(): number {
    return this.waiting.size;
  }

  /**
   * Lets items wait, those again that were tried in vain.
   *
   * @returns those that may not: there are too many, or they have waited for too long
   */
  put(items: readonly Item[]): Item[] {
    const now = performance.now();
    const givenUp: Item[] = [];
    for (const item of items) {
      const since = this.waiting.get(item);
      const isFull = since === undefined && this.waiting.size >= CONSTANTS.maxWaitingDeadLetters;
      if (isFull || now - (since ?? now) >= CONSTANTS.deadLetterRetryForMs) givenUp.push(item);
      else this.waiting.set(item, since ?? now);
    }
    if (this.waiting.size > 0) this.timer ??= setTimeout(() => this.ring(), CONSTANTS.recoveryMaxMs);
    return givenUp;
  }

  /** The item waits no longer. */
  delete(item: Item): void {
    this.waiting.delete(item);
  }

  /** @returns all that wait, when it is time to try them; else nothing. They wait until they are deleted. */
  takeDue(): Item[] {
    if (!this.isDue) return [];
    this.isDue = false;
    return [...this.waiting.keys()];
  }

  /** Forgets all. */
  clear(): void {
    this.waiting.clear();
    this.isDue = false;
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
  }

  private ring(): void {
    this.timer = null;
    this.isDue = true;
    this.onDue();
  }
}

/**
 * How many sagas may be in flight before no more are started. A step that times out is sent again, which makes a slow system slower; so the limit follows how
 * long replies take: each that comes quickly raises it by one, and sets that took much of their timeouts lower it by a tenth (additive increase, multiplicative
 * decrease, as TCP limits what is on its way). It begins low, for before the first replies nothing is known, and then each quick reply makes room for two.
 */
import { DEFAULTS } from '../settings.js';

/** Replies that take less than this part of what is too slow leave room for more. */
const QUICK = 0.5;
const DECREASE = 0.9;
/** However slow it is, so many are let through: or nothing would tell that it has become quick again. */
const LEAST = 10;
/** What was learned before a silence of this length says nothing any more. */
const FORGET_MS = 3_000;
/** To count is cheap, but not for each of thousands of requests in a second. */
const COUNT_EVERY_MS = 50;

export class InFlightLimit {
  private readonly count: () => number;
  private limit: number = DEFAULTS.inFlightAtFirst;
  private notedAt = -Infinity;
  private inFlight = 0;
  private countedAt = -Infinity;

  /** @param count - how many are in flight, as far as this process knows */
  constructor(count: () => number) {
    this.count = count;
  }

  /** @param fractions - of each reply that came: how much of its timeout had passed, 0 to 1 */
  note(fractions: readonly number[]): void {
    if (fractions.length === 0) return;
    this.forget();
    this.notedAt = performance.now();
    const mean = fractions.reduce((sum, fraction) => sum + fraction, 0) / fractions.length;
    if (mean > DEFAULTS.slowAbove) this.limit = Math.max(LEAST, this.limit * DECREASE);
    // A limit that is not reached says nothing about what lies beyond it.
    else if (mean < QUICK * DEFAULTS.slowAbove && this.limit < 2 * this.counted()) this.limit += fractions.length;
  }

  /** @returns whether so many more may be started now */
  allows(more: number): boolean {
    this.forget();
    return this.counted() + more <= this.limit;
  }

  private counted(): number {
    const now = performance.now();
    if (now - this.countedAt >= COUNT_EVERY_MS) {
      this.inFlight = this.count();
      this.countedAt = now;
    }
    return this.inFlight;
  }

  private forget(): void {
    if (performance.now() - this.notedAt > FORGET_MS) this.limit = DEFAULTS.inFlightAtFirst;
  }
}

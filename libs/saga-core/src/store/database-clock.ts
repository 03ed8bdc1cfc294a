/** The database's clock, carried on by this process's own between two times that it was heard. */

/** How long what was heard counts: a clock that was set back is believed after this long. */
const RENEW_MS = 10_000;

export class DatabaseClock {
  private offset: number | null = null;
  private heardAt = 0;

  /** @param now - milliseconds since the epoch, as the database has just answered */
  hear(now: number): void {
    const at = performance.now();
    const offset = now - at;
    // An answer that took long makes the clock look slow: of several the one ahead is the best.
    if (this.offset !== null && offset <= this.offset && at - this.heardAt < RENEW_MS) return;
    this.offset = offset;
    this.heardAt = at;
  }

  /** @returns milliseconds since the epoch; null before it was heard */
  now(): number | null {
    return this.offset === null ? null : Math.round(this.offset + performance.now());
  }
}

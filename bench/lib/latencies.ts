/** How fast one load went: times in milliseconds. */
export interface Speed {
  readonly perSecond: number;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

/**
 * Takes the time of each item of a load. Only the steady part counts: from when the warm-up's last item has ended until
 * nothing is left to begin.
 */
export class Latencies {
  private readonly warmUp: number;
  private readonly values: number[] = [];
  private ended = 0;
  private firstCounted = 0;
  private lastCounted = 0;

  /** @param warmUp - so many items are not counted */
  constructor(warmUp: number) {
    this.warmUp = warmUp;
  }

  /**
   * Takes the time of an item that has just ended.
   *
   * @param begun - when it began, by `performance.now()`
   * @param isSteady - whether others are still to begin
   */
  add(begun: number, isSteady: boolean): void {
    const now = performance.now();
    this.ended++;
    if (this.ended <= this.warmUp) this.firstCounted = now;
    else if (isSteady) {
      this.lastCounted = now;
      this.values.push(now - begun);
    }
  }

  /** @returns the rate and the quantiles; a quantile of nothing is null */
  summary(): Speed {
    this.values.sort((a, b) => a - b);
    const { length } = this.values;
    const quantile = (q: number) => this.values[Math.min(length - 1, Math.floor(q * length))] ?? null;
    return {
      perSecond: (length / (this.lastCounted - this.firstCounted)) * 1_000,
      p50: quantile(0.5),
      p95: quantile(0.95),
      p99: quantile(0.99),
    };
  }
}

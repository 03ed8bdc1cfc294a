/**
 * How near the system is to timing steps out because it is slow. A step that times out is sent again, which makes a slow system slower; so who starts sagas
 * must stop before that, and this tells when.
 */

/** How much the newest set of replies counts. */
const WEIGHT = 0.2;
/** What was measured before a silence of this length says nothing any more. */
const FORGET_MS = 3_000;

export class Pressure {
  private smoothed = 0;
  private notedAt = -Infinity;

  /** @param fractions - of each reply that came: how much of its timeout had passed, 0 to 1 */
  note(fractions: readonly number[]): void {
    if (fractions.length === 0) return;
    const mean = fractions.reduce((sum, fraction) => sum + fraction, 0) / fractions.length;
    this.smoothed = this.value() + WEIGHT * (mean - this.value());
    this.notedAt = performance.now();
  }

  /** @returns the share of their timeouts that replies took lately, from 0 */
  value(): number {
    return performance.now() - this.notedAt > FORGET_MS ? 0 : this.smoothed;
  }
}

/**
 * The sagas' clock: the database's, less the jumps that it made. Invariant kept here: no timer comes earlier or later
 * because a clock was set.
 *
 * PostgreSQL knows only its wall clock, which somebody may set, and which another server has after a failover. What it
 * has jumped is told by a process's own
 * clock, which measures how long something takes and is never set. The sum of the jumps stands in `saga_clock`, so
 * that all processes have one clock.
 */

/**
 * What a statement answers of the time, in milliseconds: the wall clock of the database, and what is to be added to
 * it.
 */
export interface ClockSample {
  readonly wall: number;
  readonly shift: number;
}

/** What the database's clock has jumped by, ahead or back, and the shift that does not make good for it yet. */
export interface ClockJump {
  readonly ms: number;
  readonly shift: number;
}

/** Less than this is an answer that took long, or two clocks that do not run quite alike: it is followed. */
const JUMP_MS = 1_000;

/**
 * It may be a little earlier than a process believes, for no two clocks run quite alike; and a statement may wait
 * before it is executed.
 */
const BEHIND_MS = 100;
const AHEAD_MS = 5_000;

/** The sagas' clock as a process heard it last, carried on by the process's own. */
export class DatabaseClock {
  /** By how much the sagas' clock is ahead of this process's: at least, and at most. */
  private least: number | null = null;
  private most = 0;
  private shift = 0;
  private followedAt = -Infinity;
  private readonly elapsed: () => number;
  /** A jump that was heard, and that nobody has made good yet. */
  jump: ClockJump | null = null;

  /** @param elapsed - milliseconds by a clock that is never set */
  constructor(elapsed = () => performance.now()) {
    this.elapsed = elapsed;
  }

  /** @returns when a question is asked whose answer tells the time, for {@link hear} */
  asking(): number {
    return this.elapsed();
  }

  /**
   * Takes an answer of the database.
   *
   * @param askedAt - from {@link asking}: the database has read its clock between then and now
   * @returns milliseconds since the epoch, by the sagas' clock
   */
  hear({ wall, shift }: ClockSample, askedAt: number): number {
    const heardAt = this.elapsed();
    const now = wall + shift;
    // The answer may be of the time before the clock was followed.
    if (askedAt < this.followedAt) return this.carriedOn(heardAt);
    const [least, most] = [now - heardAt, now - askedAt];
    if (this.least === null || shift !== this.shift) {
      this.follow(least, most, heardAt);
      this.shift = shift;
      return now;
    }
    // How far the two are apart for certain.
    const apart = Math.max(0, least - this.most) + Math.min(0, most - this.least);
    if (Math.abs(apart) >= JUMP_MS) {
      this.jump = { ms: Math.round((least + most - this.least - this.most) / 2), shift };
      return this.carriedOn(heardAt);
    }
    this.jump = null;
    // Of several answers the one that took least time is the best.
    if (apart === 0) [this.least, this.most] = [Math.max(this.least, least), Math.min(this.most, most)];
    else [this.least, this.most] = [least, most];
    return Math.max(now, this.carriedOn(heardAt));
  }

  /** @returns milliseconds since the epoch, by the sagas' clock; null before it was heard */
  now(): number | null {
    return this.least === null ? null : Math.round(this.carriedOn(this.elapsed()));
  }

  /**
   * @returns the earliest and the latest that the sagas' clock can show to a statement that is sent now; null before
   * it was heard
   */
  bounds(): readonly [earliest: number, latest: number] | null {
    const now = this.now();
    return now === null ? null : [now - BEHIND_MS, now + AHEAD_MS];
  }

  private follow(least: number, most: number, at: number): void {
    [this.least, this.most] = [least, most];
    this.followedAt = at;
    this.jump = null;
  }

  private carriedOn(at: number): number {
    return this.least! + at;
  }
}

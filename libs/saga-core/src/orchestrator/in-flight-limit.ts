/**
 * How many sagas may be in flight before no more are started. A step that times out is sent again, which makes a slow
 * system slower; so the limit follows how much of their timeouts replies take, beyond what is normal for their step:
 * quick ones raise it by one each, and slow ones lower it by a tenth or more (additive increase, multiplicative
 * decrease, as TCP limits what is on its way). It begins low, for before the first replies nothing is known, and then
 * each quick reply makes room for two. What is normal is learned while little is in flight, when nothing waits for
 * anything: a step that takes long by itself is not slow.
 */
import { CONSTANTS } from '../settings.js';

/** How long a reply was waited for, since its attempt was decided on. */
export interface ReplyWait {
  readonly task: string;
  readonly waitedMs: number;
  readonly timeoutMs: number;
}

/** For each time in which replies could have been judged, and was slow; and the most at once. */
const DECREASE = 0.9;
const MOST_DECREASE = 0.5;
/** Replies that take less than this part of what makes them slow, beyond what is normal, leave room for more. */
const QUICK = 0.6;
/** However slow it is, so many are let through: or nothing would tell that it has become quick again. */
const LEAST = 10;
/** While less than this part of the limit is in flight, replies take what is normal. */
const LITTLE = 0.25;
/** How much of what is learned anew counts. */
const LEARNED = 0.2;
/** Waits are never all the same: this much more than normal is normal. */
const NOISE = 1.2;
/** Replies of so long are judged together. */
const JUDGE_EVERY_MS = 50;
/** What was learned of the limit before a silence of this length says nothing any more. */
const FORGET_MS = 3_000;
/** To count is cheap, but not for each of thousands of requests in a second. */
const COUNT_EVERY_MS = 50;

/** What is known of the replies to a task. */
interface Task {
  /** How long it takes when little is in flight; 0 as long as that has not been seen. */
  normalMs: number;
  timeoutMs: number;
  /** As it was judged last. */
  isQuick: boolean;
  judgedAt: number;
  /** Since then. */
  waitedMs: number;
  replies: number;
}

export class InFlightLimit {
  private readonly count: () => number;
  private readonly tasks = new Map<string, Task>();
  private limit: number = CONSTANTS.initialInFlight;
  private judgedAt = -Infinity;
  private notedAt = -Infinity;
  private inFlight = 0;
  private countedAt = -Infinity;

  /** @param count - how many are in flight, as far as this process knows */
  constructor(count: () => number) {
    this.count = count;
  }

  /** Takes how long replies were waited for. */
  note(waits: readonly ReplyWait[]): void {
    if (waits.length === 0) return;
    this.forget();
    this.notedAt = performance.now();
    for (const { task, waitedMs, timeoutMs } of waits) {
      const known = this.tasks.get(task) ?? {
        normalMs: 0,
        timeoutMs,
        isQuick: true,
        judgedAt: this.notedAt,
        waitedMs: 0,
        replies: 0,
      };
      this.tasks.set(task, known);
      known.timeoutMs = timeoutMs;
      known.waitedMs += waitedMs;
      known.replies++;
    }
    if (this.notedAt - this.judgedAt >= JUDGE_EVERY_MS) this.judge();
  }

  /** @returns whether so many more may be started now */
  allows(more: number): boolean {
    this.forget();
    return this.counted() + more <= this.limit;
  }

  private judge(): void {
    const now = this.notedAt;
    this.judgedAt = now;
    const isLittle = this.counted() <= Math.max(LEAST, LITTLE * this.limit);
    let replies = 0;
    let slowForMs = 0;
    for (const task of this.tasks.values()) {
      if (task.replies === 0) continue;
      const mean = task.waitedMs / task.replies;
      // What is quicker than normal is the new normal, whatever is in flight.
      if (isLittle || mean < task.normalMs)
        task.normalMs = task.normalMs === 0 ? mean : task.normalMs + LEARNED * (mean - task.normalMs);
      const slow = slowFrom(task);
      task.isQuick = mean < task.normalMs + QUICK * (slow - task.normalMs);
      if (mean > slow) slowForMs = Math.max(slowForMs, JUDGE_EVERY_MS, now - task.judgedAt);
      replies += task.replies;
      Object.assign(task, { judgedAt: now, waitedMs: 0, replies: 0 });
    }
    if (slowForMs > 0)
      this.limit = Math.max(LEAST, this.limit * Math.max(MOST_DECREASE, DECREASE ** (slowForMs / JUDGE_EVERY_MS)));
    // A limit that is not reached says nothing about what lies beyond it.
    else if (this.areAllQuick(now) && this.limit < 2 * this.counted()) this.limit += replies;
  }

  /** A task that is answered now and then counts as it was answered last. */
  private areAllQuick(now: number): boolean {
    for (const { isQuick, judgedAt } of this.tasks.values()) if (!isQuick && now - judgedAt < FORGET_MS) return false;
    return true;
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
    if (performance.now() - this.notedAt > FORGET_MS) this.limit = CONSTANTS.initialInFlight;
  }
}

/**
 * @returns the wait from which a task's replies are slow: they take a good part of the time that is left beyond what is
 *   normal, or have timed out
 */
function slowFrom({ normalMs, timeoutMs }: Task): number {
  const share = normalMs + CONSTANTS.slowReplyShare * Math.max(0, timeoutMs - normalMs);
  return Math.min(timeoutMs, Math.max(share, NOISE * normalMs));
}

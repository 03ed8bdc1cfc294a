/**
 * What processes are at: one thing each, until it is done, the process dies, or it comes to stand still in the middle.
 */
import type { FaultDice } from './faults.js';
import { sagaRows, storedSagaIn } from './memory-saga-store.js';
import type { MemoryDatabase } from './memory-transaction.js';
import { GIVEN_UP_AFTER_MS, type End } from './simulated-process.js';
import type { Worker } from './simulated-system.js';
import { describeEntries, type Tell } from './story.js';

interface Task {
  readonly worker: Worker;
  readonly end: Promise<End>;
  readonly onEnd: (end: End) => void;
}

export class WorkInHand {
  /** Who works now. */
  current: Worker | null = null;
  /** Work in whose middle a process stands still. */
  private frozen: Task[] = [];
  private readonly told = new Map<string, number>();
  private readonly dice: FaultDice;
  private readonly clock: () => number;
  private readonly orders: MemoryDatabase;
  private readonly tell: Tell | null;

  /** @param tell - null where nobody listens */
  constructor(dice: FaultDice, clock: () => number, orders: MemoryDatabase, tell: Tell | null) {
    this.dice = dice;
    this.clock = clock;
    this.orders = orders;
    this.tell = tell;
  }

  /** @returns whether a process stands still in the middle of something */
  isAnyFrozen(): boolean {
    return this.frozen.length > 0;
  }

  /** @returns whether a process can begin something now */
  isHere({ process }: Worker): boolean {
    return process.awayUntil <= this.clock() && !this.frozen.some(({ worker }) => worker.process === process);
  }

  /** Has a process do something, until it is done or stands still. @param what - in words */
  async as(
    worker: Worker,
    what: string,
    work: () => Promise<unknown>,
    onEnd: (end: End) => void = () => undefined,
  ): Promise<void> {
    const { process } = worker;
    this.current = worker;
    const frozen = process.frozen();
    await this.follow({ worker, end: process.run(what, work), onEnd }, frozen);
  }

  /** Has processes go on that stood still in the middle of their work. @param now - by when they do */
  async thaw(now = this.clock()): Promise<void> {
    for (const task of this.frozen.filter(({ worker }) => worker.process.awayUntil <= now)) {
      this.frozen = this.frozen.filter((other) => other !== task);
      const { process } = task.worker;
      this.current = task.worker;
      this.tell?.(process.name, () => 'goes on');
      const frozen = process.frozen();
      process.thaw();
      await this.follow(task, frozen);
    }
  }

  /** What the code passes on its way; a commit is told of before what it causes. */
  pass(point: string): void {
    if (!this.current) return;
    const { process } = this.current;
    if (point.endsWith(':after-commit')) this.tellProgress(process.name);
    process.pass(point);
  }

  private async follow(task: Task, frozen: Promise<'frozen'>): Promise<void> {
    const { process, consumer } = task.worker;
    const end = await Promise.race([task.end, frozen]);
    this.tellProgress(process.name);
    this.current = null;
    if (end === 'frozen') {
      this.frozen.push(task);
      if (process.awayUntil - this.clock() <= GIVEN_UP_AFTER_MS) return;
      process.giveUp();
      consumer.giveBack(GIVEN_UP_AFTER_MS);
      return;
    }
    const { chance, faults } = this.dice;
    if (end === 'died') process.restart(this.clock() + chance.below(`restart of ${process.name}`, faults.maxRestartMs));
    process.reconnect();
    task.onEnd(end);
  }

  private tellProgress(who: string): void {
    if (!this.tell) return;
    const tx = this.orders.peek();
    for (const { id, version } of sagaRows(tx)) {
      const told = this.told.get(id) ?? 0;
      if (version <= told) continue;
      for (const { entries } of storedSagaIn(tx, id)!.history.slice(told))
        this.tell(who, () => describeEntries(id, entries));
      this.told.set(id, version);
    }
  }
}

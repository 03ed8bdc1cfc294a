/**
 * One process of a simulation: the real code of an orchestrator or a participant, driven from outside, mortal, and able
 * to stand still.
 */
import pino from 'pino';
import { SagaError } from '../errors.js';
import { CONSTANTS } from '../settings.js';
import { isTransient } from '../store/database-errors.js';
import type { FaultDice, Occasion } from './faults.js';
import type { CommitFaults } from './memory-transaction.js';
import type { Link } from './simulated-broker.js';
import { inWords } from './story.js';

/** Thrown where a process dies. Code that catches it gets no further: every port of a dead process throws it again. */
class Crash extends Error {}

/** A logger for code under simulation: what it would say stands in the story in other words. */
export const SILENT = pino({ level: 'silent' });

/** How a piece of work ended. */
export type End = 'done' | 'failed' | 'died';

/** After this many milliseconds without a heartbeat the broker gives a process up. */
export const GIVEN_UP_AFTER_MS = 2 * CONSTANTS.heartbeatSeconds * 1_000;

export class SimulatedProcess implements Link {
  readonly name: string;
  /** Until then it is dead or stands still; milliseconds since the epoch. */
  awayUntil = 0;
  /** What it works on, in words. */
  private work = '';
  private occasion: Occasion;
  /** How wrong its own clock is, in milliseconds. */
  readonly clockOffset: number;
  private alive = true;
  private givenUp = false;
  private readonly dice: FaultDice;
  private readonly clock: () => number;
  private thawed: (() => void) | null = null;
  /** Called when it comes back after a death: what it kept in memory is gone. */
  onRestart: (() => void) | null = null;
  private onFreeze: (() => void) | null = null;

  /** @param clock - milliseconds since the epoch */
  constructor(name: string, dice: FaultDice, clock: () => number) {
    this.name = name;
    this.dice = dice;
    this.clock = clock;
    const { maxSkewMs } = dice.faults;
    this.occasion = dice.occasion(name);
    const offset = this.occasion.random.below(2 * maxSkewMs) - maxSkewMs;
    const wrong = this.occasion.happens('skew', () => `${name}: its clock is wrong by ${inWords(offset)}`);
    this.clockOffset = wrong ? offset : 0;
  }

  readonly assertAlive = (): void => {
    if (!this.alive) throw new Crash();
  };

  readonly reach = async (): Promise<void> => {
    await this.mayFreeze('before it publishes');
    if (this.givenUp) throw new SagaError('TRANSPORT_UNAVAILABLE', 'simulated: the broker has closed the connection');
  };

  /** Goes wrong around this process's commits. */
  readonly commitFaults: CommitFaults = {
    begin: () => this.mayFreeze('before a transaction'),
    beforeCommit: () => this.fail('failBeforeCommit', 'a commit fails'),
    afterCommit: () => this.fail('failAfterCommit', 'a commit succeeds, but its answer is lost'),
    // Where commits fail, the database may be away, or may not.
    isReachable: () =>
      this.dice.faults.failBeforeCommit === 0 ||
      this.dice.chance.next(`whether the database answers ${this.name}`) < 0.5,
  };

  /** Perhaps dies at a crash point. */
  pass(point: string): void {
    this.assertAlive();
    const where = (): string => point.slice(point.indexOf(':') + 1).replace('-', ' ');
    if (!this.occasion.happens('crash', () => `${this.name}: dies ${where()} (${this.work})`)) return;
    this.alive = false;
    throw new Crash();
  }

  /** @returns how it ended. Errors that do not pass are bugs, and thrown on. @param what - the work in words */
  async run(what: string, work: () => Promise<unknown>): Promise<End> {
    this.work = what;
    this.occasion = this.dice.occasion(`${this.name} ${what}`);
    try {
      await work();
      return this.alive ? 'done' : 'died';
    } catch (error) {
      if (!this.alive) return 'died';
      if (isTransient(error) || (error instanceof SagaError && error.code === 'STALE_INSTANCE')) return 'failed';
      throw error;
    }
  }

  /** Resolves when the process comes to stand still in the middle of its work. */
  frozen(): Promise<'frozen'> {
    return new Promise((resolve) => (this.onFreeze = () => resolve('frozen')));
  }

  /** Goes on after standing still. */
  thaw(): void {
    this.thawed?.();
    this.thawed = null;
  }

  /** The broker no longer hears of it. */
  giveUp(): void {
    this.givenUp = true;
  }

  /** Its connection to the broker is made anew. */
  reconnect(): void {
    this.givenUp = false;
  }

  /** Comes back after a death. @param at - milliseconds since the epoch */
  restart(at: number): void {
    this.alive = true;
    this.awayUntil = at;
    this.onRestart?.();
  }

  /** @returns for how many milliseconds it stands still; mostly short */
  pauseMs(): number {
    return Math.floor(this.dice.faults.maxPauseMs * this.dice.chance.next(`pause of ${this.name}`) ** 2);
  }

  private async mayFreeze(where: string): Promise<void> {
    this.assertAlive();
    let ms = 0;
    const words = (): string => {
      ms = this.pauseMs();
      return `${this.name}: stands still for ${inWords(ms)} ${where} (${this.work})`;
    };
    if (!this.occasion.happens('freeze', words)) return;
    this.awayUntil = this.clock() + ms;
    await new Promise<void>((resolve) => {
      this.thawed = resolve;
      this.onFreeze?.();
    });
    this.assertAlive();
  }

  private fail(kind: 'failBeforeCommit' | 'failAfterCommit', what: string): void {
    this.assertAlive();
    if (this.occasion.happens(kind, () => `${this.name}: ${what} (${this.work})`))
      throw new SagaError('TRANSPORT_UNAVAILABLE', 'simulated: the connection to the database was lost');
  }
}

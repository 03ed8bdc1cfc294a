/** One process of a simulation: the real code of an orchestrator or a participant, driven from outside, and mortal. */
import pino from 'pino';
import type { IncomingMessage } from '../contract/message.js';
import { SagaError } from '../errors.js';
import type { Transport } from '../transport/transport.js';
import type { FaultDice, Faults } from './faults.js';
import type { CommitFaults } from './memory-transaction.js';

/** Thrown where a process dies. Code that catches it gets no further: every port of a dead process throws it again. */
class Crash extends Error {}

/** A logger for code under simulation: what it would say stands in the story in other words. */
export const SILENT = pino({ level: 'silent' });

export class SimulatedProcess {
  readonly name: string;
  /** The queue that it consumes. */
  readonly queue: string;
  /** Until then it is dead or stands still. */
  awayUntil = 0;
  private alive = true;
  private readonly dice: FaultDice;
  private readonly faults: Faults;
  private readonly tell: (line: string) => void;

  constructor(name: string, queue: string, dice: FaultDice, faults: Faults, tell: (line: string) => void) {
    this.name = name;
    this.queue = queue;
    this.dice = dice;
    this.faults = faults;
    this.tell = tell;
  }

  readonly assertAlive = (): void => {
    if (!this.alive) throw new Crash();
  };

  /** Goes wrong around this process's commits. */
  readonly commitFaults: CommitFaults = {
    beforeCommit: () => this.fail('commit fails', this.faults.failBeforeCommit),
    afterCommit: () => this.fail('commit succeeds, but its answer is lost', this.faults.failAfterCommit),
  };

  /** Perhaps dies at a crash point. */
  pass(point: string): void {
    this.assertAlive();
    if (!this.dice.happens(`${this.name} dies ${point}`, this.faults.crash)) return;
    this.tell(`  ${this.name} dies ${point}`);
    this.alive = false;
    throw new Crash();
  }

  /** @returns whether the work went through; otherwise it died or failed. Other errors are bugs, and thrown on. */
  async run(work: () => Promise<unknown>): Promise<'done' | 'failed' | 'died'> {
    try {
      await work();
      return this.alive ? 'done' : 'died';
    } catch (error) {
      if (!this.alive) return 'died';
      if (error instanceof SagaError && error.code === 'TRANSPORT_UNAVAILABLE') return 'failed';
      throw error;
    }
  }

  /** Comes back after a death. */
  restart(at: number): void {
    this.alive = true;
    this.awayUntil = at;
  }

  private fail(what: string, probability: number): void {
    this.assertAlive();
    if (!this.dice.happens(`${this.name}'s ${what}`, probability)) return;
    this.tell(`  ${this.name}'s ${what}`);
    throw new SagaError('TRANSPORT_UNAVAILABLE', 'simulated: the connection to the database was lost');
  }
}

/** Work of a process that takes messages off its queue. */
export interface ConsumingProcess {
  readonly process: SimulatedProcess;
  readonly transport: Transport;
  readonly handleSet: (set: readonly IncomingMessage[]) => Promise<void>;
}

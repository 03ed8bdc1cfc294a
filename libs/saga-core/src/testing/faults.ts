/** What a simulation lets go wrong, and the record of what it decided: a run is repeated exactly, or with fewer faults, from its seed. */
import { Random } from './random.js';

/** Probabilities from 0 to 1, each for one opportunity. */
export interface Faults {
  /** A published message is lost after its confirm, as when a queue is purged. */
  readonly drop: number;
  /** A published message arrives twice. */
  readonly double: number;
  /** A message waits, for up to `maxDelayMs`. */
  readonly delay: number;
  readonly maxDelayMs: number;
  /** A process dies at a crash point, and is started again some time later. */
  readonly crash: number;
  /** A commit fails, and nothing was kept. */
  readonly failBeforeCommit: number;
  /** A commit succeeds, and the process does not learn of it. */
  readonly failAfterCommit: number;
  /** Publishing fails; what was published may have arrived. */
  readonly failPublish: number;
  /** No queue takes a message. */
  readonly unroutable: number;
  /** A process stands still for up to `maxPauseMs`. */
  readonly pause: number;
  readonly maxPauseMs: number;
  /** An operator retries or compensates some saga. */
  readonly operate: number;
}

/** Everything goes wrong now and then. */
export const DEFAULT_FAULTS: Faults = {
  drop: 0.03,
  double: 0.05,
  delay: 0.2,
  maxDelayMs: 4_000,
  crash: 0.02,
  failBeforeCommit: 0.02,
  failAfterCommit: 0.02,
  failPublish: 0.02,
  unroutable: 0.01,
  pause: 0.01,
  maxPauseMs: 60_000,
  operate: 0.01,
};

/** A named decision of a run that went against the system. */
export interface FaultDecision {
  /** Its place among all decisions of the run. */
  readonly index: number;
  readonly what: string;
}

/** Decides what goes wrong. Which decisions are allowed to can be narrowed, to shrink a failing run. */
export class FaultDice {
  readonly decisions: FaultDecision[] = [];
  readonly random: Random;
  /** Off in the time of healing. */
  enabled = true;
  private readonly allowed: ReadonlySet<number> | null;
  private next = 0;

  /** @param allowed - the only decisions that may go against the system, by index; null for all */
  constructor(seed: number, allowed: ReadonlySet<number> | null) {
    this.random = new Random(seed);
    this.allowed = allowed;
  }

  /** @returns whether it goes wrong this time */
  happens(what: string, probability: number): boolean {
    const index = this.next++;
    const unlucky = this.random.next() < probability;
    if (!unlucky || !this.enabled || (this.allowed && !this.allowed.has(index))) return false;
    this.decisions.push({ index, what });
    return true;
  }
}

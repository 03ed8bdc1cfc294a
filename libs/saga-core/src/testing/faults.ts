/**
 * What a simulation lets go wrong, and the record of what it decided: a run is repeated exactly, or with fewer faults,
 * from its seed.
 */
import { Chance } from './chance.js';
import type { Random } from './random.js';

/** Every kind of fault, each a probability in {@link Faults}. */
export const FAULT_KINDS = [
  'drop',
  'purge',
  'double',
  'delay',
  'reorder',
  'spoil',
  'tie',
  'misaddress',
  'unroutable',
  'refuse',
  'failPublish',
  'crash',
  'failBeforeCommit',
  'failAfterCommit',
  'pause',
  'freeze',
  'lull',
  'skew',
  'jump',
  'swallow',
  'looksLikeOutage',
  'idle',
  'failAtCommit',
  'unserializable',
  'operate',
  'operateTwice',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** Probabilities from 0 to 1, each for one opportunity; times are milliseconds. */
export interface Faults extends Readonly<Record<FaultKind, number>> {
  /** A published message is lost after its confirm. */
  readonly drop: number;
  /** A queue loses all that it holds. */
  readonly purge: number;
  /** A published message arrives twice. */
  readonly double: number;
  /** A message waits, for up to `maxDelayMs`. */
  readonly delay: number;
  readonly maxDelayMs: number;
  /** A message overtakes those before it. */
  readonly reorder: number;
  /** A participant answers, and keeps, what breaks its contract, though it has done what it was told. */
  readonly spoil: number;
  /** A reply comes in the very millisecond in which its time is up. */
  readonly tie: number;
  /** A reply is preceded by one that says the opposite of another task, under the same identity. */
  readonly misaddress: number;
  /** No queue takes a message. */
  readonly unroutable: number;
  /** The broker refuses a message. */
  readonly refuse: number;
  /** Publishing fails; what was published may have arrived. */
  readonly failPublish: number;
  /** A process dies at a crash point, and is started again within `maxRestartMs`. */
  readonly crash: number;
  readonly maxRestartMs: number;
  /** A commit fails, and nothing was kept. */
  readonly failBeforeCommit: number;
  /** A commit succeeds, and the process does not learn of it. */
  readonly failAfterCommit: number;
  /** An idle process stands still for up to `maxPauseMs`. */
  readonly pause: number;
  readonly maxPauseMs: number;
  /** A process stands still in the middle of its work, for up to `maxPauseMs`; the others go on. */
  readonly freeze: number;
  /** Nobody does anything for up to `maxLullMs`. */
  readonly lull: number;
  readonly maxLullMs: number;
  /** The clock of a process is wrong by up to `maxSkewMs`, either way. */
  readonly skew: number;
  readonly maxSkewMs: number;
  /** The clock of the orchestrators' database is set ahead or back, by up to `maxJumpMs`. */
  readonly jump: number;
  readonly maxJumpMs: number;
  /** A handler, or a local step, says nothing of a statement that failed. */
  readonly swallow: number;
  /** It throws what looks as if the database were away. */
  readonly looksLikeOutage: number;
  /** It idles until it loses its session. */
  readonly idle: number;
  /** It breaks a rule that is looked at when its transaction commits. */
  readonly failAtCommit: number;
  /** The saga builds a payload that refers to itself. */
  readonly unserializable: number;
  /** An operator acts on some saga. */
  readonly operate: number;
  /** The operator does it again at once, through another process. */
  readonly operateTwice: number;
}

/** Everything goes wrong now and then. */
export const DEFAULT_FAULTS: Faults = {
  drop: 0.03,
  purge: 0.002,
  double: 0.05,
  delay: 0.1,
  maxDelayMs: 4_000,
  reorder: 0.2,
  spoil: 0.01,
  tie: 0.02,
  misaddress: 0.01,
  unroutable: 0.01,
  refuse: 0.01,
  failPublish: 0.01,
  crash: 0.01,
  maxRestartMs: 5_000,
  failBeforeCommit: 0.01,
  failAfterCommit: 0.01,
  pause: 0.005,
  maxPauseMs: 60_000,
  freeze: 0.005,
  lull: 0.01,
  maxLullMs: 12_000,
  skew: 0.2,
  maxSkewMs: 3_600_000,
  jump: 0.01,
  maxJumpMs: 7_200_000,
  swallow: 0.005,
  looksLikeOutage: 0.005,
  idle: 0.005,
  failAtCommit: 0.005,
  unserializable: 0.002,
  operate: 0.02,
  operateTwice: 0.3,
};

/** Nothing goes wrong: to be spread under the few faults that a test is about. */
export const NO_FAULTS: Faults = {
  ...DEFAULT_FAULTS,
  ...(Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0])) as Record<FaultKind, number>),
};

/** A decision of a run that went against the system. */
export interface FaultDecision {
  /** Its name, the same in every run of the seed. */
  readonly key: string;
  readonly kind: FaultKind;
  /** Milliseconds since the run began. */
  readonly at: number;
  readonly what: string;
}

/** Decides what goes wrong. Which decisions are allowed to can be narrowed, to shrink a failing run. */
export class FaultDice {
  readonly decisions: FaultDecision[] = [];
  readonly chance: Chance;
  readonly faults: Faults;
  /** Off in the time of healing. */
  enabled = true;
  private readonly allowed: ReadonlySet<string> | null;
  private readonly tell: (what: string) => number;

  /**
   * @param allowed - the only decisions that may go against the system, by name; null for all
   * @param tell - told of each fault; answers the milliseconds since the run began
   */
  constructor(seed: number, faults: Faults, allowed: ReadonlySet<string> | null, tell: (what: string) => number) {
    this.chance = new Chance(seed);
    this.faults = faults;
    this.allowed = allowed;
    this.tell = tell;
  }

  /**
   * @param name - of an occasion on which things may go wrong
   * @returns the occasion, whose draws come from its name
   */
  occasion(name: string): Occasion {
    const { key, random } = this.chance.draw(name);
    return new Occasion(this, key, random);
  }

  /**
   * @returns whether it goes wrong this time.
   * @param key - the decision's name.
   * @param what - the story's words for it
   */
  decide(kind: FaultKind, key: () => string, random: Random, what: () => string): boolean {
    const unlucky = random.next() < this.faults[kind];
    if (!unlucky || !this.enabled || (this.allowed && !this.allowed.has(key()))) return false;
    const words = what();
    this.decisions.push({ key: key(), kind, at: this.tell(words), what: words });
    return true;
  }
}

/** One occasion on which several things may go wrong. */
export class Occasion {
  readonly random: Random;
  private readonly dice: FaultDice;
  private readonly name: string;
  private decided = 0;

  constructor(dice: FaultDice, name: string, random: Random) {
    this.dice = dice;
    this.name = name;
    this.random = random;
  }

  /** @returns whether it goes wrong this time. @param what - the story's words for it, "who: what" */
  happens(kind: FaultKind, what: () => string): boolean {
    const number = ++this.decided;
    return this.dice.decide(kind, () => `${kind} ${number}, ${this.name}`, this.random, what);
  }
}

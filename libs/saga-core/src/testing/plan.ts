/** What is simulated, which of a seed's schedules is played, and what came of it. */
import type { IncomingMessage } from '../contract/message.js';
import type { SagaDefinition } from '../definition/saga.js';
import type { SagaStatus } from '../engine/instance.js';
import type { Effect } from './effects.js';
import type { FaultDecision, Faults } from './faults.js';
import type { RememberedSaga } from './memory-saga-store.js';
import type { Random } from './random.js';
import type { SimulatedParticipant } from './simulated-system.js';
import type { LocalStandIns } from './stand-ins.js';

/** The steps of trouble in a whole schedule, from 1. */
const STEPS_OF_TROUBLE = 60;

/** What is simulated. */
export interface Scenario<Data> {
  readonly saga: SagaDefinition<Data, never>;
  readonly participants: readonly SimulatedParticipant[];
  readonly locals: LocalStandIns<Data>;
  /** @returns the data of the next saga. */
  readonly data: (random: Random, number: number) => Data;
  /** The most attempts of a step. */
  readonly attempts: number;
  readonly faults: Faults;
}

/** Which of a seed's schedules is played: all of it, or less. */
export interface Plan {
  readonly seed: number;
  /** The only faults that may happen, by name; null for all. */
  readonly allowed: ReadonlySet<string> | null;
  /** The numbers of the sagas that are started. */
  readonly sagas: readonly number[];
  /** The numbers of the steps of trouble that are taken, of {@link STEPS_OF_TROUBLE}. */
  readonly steps: readonly number[];
}

/** @returns all that a seed has. @param sagas - how many */
export function wholePlan(seed: number, sagas: number): Plan {
  return { seed, allowed: null, sagas: upTo(sagas), steps: upTo(STEPS_OF_TROUBLE) };
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

/** How a run ended. */
export interface RunResult {
  readonly sagas: readonly RememberedSaga[];
  readonly effects: readonly Effect[];
  /** Sagas whose start was confirmed to the caller. */
  readonly promised: readonly string[];
  /** How often each command was published, by identity and task. */
  readonly published: ReadonlyMap<string, number>;
  /** How often each command was answered with an error, by identity. */
  readonly errors: ReadonlyMap<string, number>;
  /** What was wrong with the data that steps were given, a line each. */
  readonly dataProblems: readonly string[];
  readonly deadLetters: readonly IncomingMessage[];
  readonly faults: readonly FaultDecision[];
  /** In which status the sagas were when things ceased to go wrong. */
  readonly midway: readonly SagaStatus[];
  /** What was first when a reply came in the millisecond of its deadline. */
  readonly ties: readonly ('reply' | 'timeout')[];
  /** Whether nobody was there to notice a jump of the database's clock: then timers cannot be what they should. */
  readonly unnoticedJump: boolean;
}

import type { SagaDefinition } from '../definition/saga.js';
import { messageOf } from '../errors.js';
import { violationsOf } from './check-run.js';
import { DEFAULT_FAULTS, FaultDice, type FaultDecision, type Faults } from './faults.js';
import { Simulation, type Scenario, type SimulatedParticipant } from './simulation.js';

export interface SimulateOptions<Data> extends Pick<Scenario<Data>, 'data'> {
  /** Stand-ins for local steps, by name; one that is missing has only its observed effect. */
  readonly locals?: Scenario<Data>['locals'];
  /** How many schedules. */
  readonly runs: number;
  /** The seed of the first schedule; the next ones count up. */
  readonly seed?: number;
  /** Sagas in one schedule; 3 unless given. */
  readonly sagas?: number;
  readonly faults?: Partial<Faults>;
}

/** A schedule that broke a promise. */
export interface FailedRun {
  readonly seed: number;
  /** How many schedules were played until it came. */
  readonly run: number;
  readonly violations: readonly string[];
  /** The fewest faults, of those that happened, that still break it. */
  readonly faults: readonly FaultDecision[];
  /** What happened in the shortest schedule, a line each. */
  readonly story: readonly string[];
}

/** What a simulation found. */
export interface SimulationReport {
  readonly runs: number;
  /** How often each kind of end came, to see that the schedules reach them. */
  readonly ends: Readonly<Record<string, number>>;
  readonly failure: FailedRun | null;
}

/**
 * Plays a saga under many schedules of messages, crashes and failures: the real transition, orchestrator and barrier, on ports in memory and a virtual
 * clock. After each run it checks from the outside that every saga ended, that each effect happened at most once, that a completed saga has all its effects
 * and a compensated one has none, that nothing undone came back, and that histories tell a legal story.
 *
 * @param participants - each service's contract, with handlers that write to memory
 * @returns the first failure, shrunk to the fewest faults, or none
 */
export async function simulate<Data>(
  saga: SagaDefinition<Data, never>,
  participants: readonly SimulatedParticipant[],
  options: SimulateOptions<Data>,
): Promise<SimulationReport> {
  const { runs, seed: first = 1, data, locals = {}, sagas = 3 } = options;
  const faults = { ...DEFAULT_FAULTS, ...options.faults };
  const scenario: Scenario<Data> = { saga, participants, locals, data, sagas };
  const ends: Record<string, number> = {};
  for (let run = 1; run <= runs; run++) {
    const seed = first + run - 1;
    const played = await play(scenario, faults, seed, null);
    for (const end of played.ends) ends[end] = (ends[end] ?? 0) + 1;
    if (played.violations.length > 0)
      return { runs: run, ends, failure: { seed, run, ...(await shrink(scenario, faults, seed, played)) } };
  }
  return { runs, ends, failure: null };
}

/** @returns a report for people: the seed, what broke, and the story */
export function describeFailure({ seed, run, violations, faults, story }: FailedRun): string {
  return [
    `Schedule ${run}, seed ${seed}, broke a promise:`,
    ...violations.map((violation) => `  ${violation}`),
    `It takes ${faults.length === 0 ? 'no fault at all' : 'these faults'}:`,
    ...faults.map(({ what }) => `  ${what}`),
    'What happened:',
    ...story,
  ].join('\n');
}

interface Played {
  readonly violations: readonly string[];
  readonly faults: readonly FaultDecision[];
  readonly story: readonly string[];
  readonly ends: readonly string[];
}

async function play<Data>(
  scenario: Scenario<Data>,
  faults: Faults,
  seed: number,
  allowed: ReadonlySet<number> | null,
): Promise<Played> {
  const dice = new FaultDice(seed, allowed);
  const simulation = new Simulation(scenario, dice, faults);
  try {
    const result = await simulation.run();
    return {
      violations: violationsOf(scenario.saga as never, result),
      faults: dice.decisions,
      story: result.story,
      ends: result.sagas.map(({ instance }) => `${instance.status} ${instance.failure?.code ?? ''}`.trim()),
    };
  } catch (error) {
    return { violations: [`the code threw: ${messageOf(error)}`], faults: dice.decisions, story: [], ends: [] };
  }
}

/** Leaves out faults, first many at a time and then one by one, as long as some promise stays broken. */
async function shrink<Data>(
  scenario: Scenario<Data>,
  faults: Faults,
  seed: number,
  failed: Played,
): Promise<Omit<Played, 'ends'>> {
  let best = failed;
  for (let chunk = Math.ceil(best.faults.length / 2); chunk >= 1; chunk = chunk === 1 ? 0 : Math.ceil(chunk / 2)) {
    for (let from = 0; from < best.faults.length;) {
      const kept = best.faults.filter((_fault, index) => index < from || index >= from + chunk);
      const candidate = await play(scenario, faults, seed, new Set(kept.map(({ index }) => index)));
      if (candidate.violations.length > 0 && candidate.faults.length < best.faults.length) best = candidate;
      else from += chunk;
    }
  }
  const { violations, faults: left, story } = best;
  return { violations, faults: left, story };
}

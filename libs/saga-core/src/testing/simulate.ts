import type { SagaDefinition } from '../definition/saga.js';
import { CoverageCount, type Coverage } from './coverage.js';
import { DEFAULT_FAULTS, type FaultDecision, type Faults } from './faults.js';
import { play } from './play.js';
import { shrink } from './shrink.js';
import { wholePlan, type Plan, type Scenario } from './plan.js';
import type { SimulatedParticipant } from './simulated-system.js';
import { inWords, Story } from './story.js';

export interface SimulateOptions<Data> extends Pick<Scenario<Data>, 'data'> {
  /** Stand-ins for local steps, by name; one that is missing has only its observed effect. */
  readonly locals?: Scenario<Data>['locals'];
  /** How many schedules. */
  readonly runs: number;
  /** The seed of the first schedule, 1 unless given; the next ones count up. */
  readonly seed?: number;
  /** Sagas in one schedule; 3 unless given. */
  readonly sagas?: number;
  /**
   * The most attempts of a step, 3 unless given: a saga that is patient for minutes would never get stuck in a short
   * schedule.
   */
  readonly attempts?: number;
  /** What goes wrong, and how often; DEFAULT_FAULTS where not given. */
  readonly faults?: Partial<Faults>;
}

/** A schedule that broke a promise. */
export interface FailedRun {
  /** Plays it again, with `runs: 1`. */
  readonly seed: number;
  /** How many schedules were played until it came. */
  readonly run: number;
  readonly violations: readonly string[];
  /** The fewest faults, of those that happened, that still break it. */
  readonly faults: readonly FaultDecision[];
  /** What of the seed's schedule is left. */
  readonly plan: Plan;
  /** What happened in the shortest schedule, a line each. */
  readonly story: readonly string[];
}

/** What a simulation found. */
export interface SimulationReport {
  readonly runs: number;
  /** How often each kind of end came, to see that the schedules reach them. */
  readonly ends: Readonly<Record<string, number>>;
  readonly coverage: Coverage;
  readonly failure: FailedRun | null;
}

/**
 * Plays a saga under many schedules of messages, crashes and failures: the real transition, orchestrator and barrier,
 * on ports in memory and a virtual clock, which handlers see as Date. After each schedule it checks from the outside
 * that every saga ended, that each effect happened at most once, that a completed saga has all its effects and a
 * compensated one has none, that nothing undone came back, that only what was committed was published, and that
 * histories tell a legal story.
 *
 * @param participants - each service's contract, with handlers that write to memory
 * @returns the first failure, shrunk, or none
 */
export async function simulate<Data>(
  saga: SagaDefinition<Data, never>,
  participants: readonly SimulatedParticipant[],
  options: SimulateOptions<Data>,
): Promise<SimulationReport> {
  const { runs, seed: first = 1, data, locals = {}, attempts = 3 } = options;
  const faults = { ...DEFAULT_FAULTS, ...options.faults };
  const scenario: Scenario<Data> = { saga, participants, locals, data, attempts, faults };
  const ends: Record<string, number> = {};
  const coverage = new CoverageCount();
  for (let run = 1; run <= runs; run++) {
    const seed = first + run - 1;
    const played = await play(scenario, wholePlan(seed, options.sagas ?? 3));
    if (played.result) coverage.add(played.result);
    for (const { instance } of played.result?.sagas ?? []) {
      const end = `${instance.status} ${instance.failure?.code ?? ''}`.trim();
      ends[end] = (ends[end] ?? 0) + 1;
    }
    if (played.violations.length === 0) continue;
    const { plan } = await shrink(scenario, played);
    const story = new Story();
    const { violations, faults: left } = await play(scenario, plan, story);
    return { runs: run, ends, coverage, failure: { seed, run, violations, faults: left, plan, story: story.render() } };
  }
  return { runs, ends, coverage, failure: null };
}

/** @returns a report for people: the seed, what broke, the faults that it takes, and the story */
export function describeFailure({ seed, run, violations, faults, story }: FailedRun): string {
  return [
    `Schedule ${run}, seed ${seed}, broke a promise:`,
    ...violations.map((violation) => `  ${violation}`),
    faults.length === 0 ? 'It takes no fault at all.' : 'It takes these faults, each of them:',
    ...faults.map(({ at, what }) => `  at ${inWords(at)}, ${what}`),
    'What happened (saga:command in brackets, ! for a fault):',
    ...abridged(story),
    `To play it again: { runs: 1, seed: ${seed} }`,
  ].join('\n');
}

/** A saga that never ends goes on saying the same. */
const MOST_LINES = 200;

function abridged(story: readonly string[]): readonly string[] {
  if (story.length <= MOST_LINES) return story;
  const half = MOST_LINES / 2;
  return [...story.slice(0, half), `… ${story.length - MOST_LINES} lines …`, ...story.slice(-half)];
}

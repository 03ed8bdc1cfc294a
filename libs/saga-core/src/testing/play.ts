/** Plays one schedule, and judges it. */
import { messageOf } from '../errors.js';
import { violationsOf } from './check-run.js';
import type { FaultDecision } from './faults.js';
import type { Plan, RunResult, Scenario } from './plan.js';
import { Simulation } from './simulation.js';
import type { Story } from './story.js';

export interface Played {
  readonly plan: Plan;
  /** What was broken, a line each. */
  readonly violations: readonly string[];
  readonly faults: readonly FaultDecision[];
  /** Null when the code under simulation threw. */
  readonly result: RunResult | null;
}

/** @param story - to be told what happens; null where nobody listens */
export async function play<Data>(scenario: Scenario<Data>, plan: Plan, story: Story | null = null): Promise<Played> {
  const simulation = new Simulation(scenario, plan, story);
  try {
    const result = await simulation.run();
    return { plan, violations: violationsOf(scenario.saga, result), faults: result.faults, result };
  } catch (error) {
    const violations = [`the code threw: ${messageOf(error)}`];
    return { plan, violations, faults: simulation.faultsSoFar(), result: null };
  }
}

/**
 * Makes a failing schedule small, so that people can read it: as few sagas, steps and faults as still break a promise.
 */
import { play, type Played } from './play.js';
import type { Plan, Scenario } from './plan.js';

/**
 * A failing schedule is played at most so often again. A count, not a time, so that a seed shrinks to the same on every
 * machine.
 */
const MOST_REPLAYS = 1_500;

/**
 * @param failed - a schedule that broke a promise
 * @returns one that does so still, and of which, if the replays sufficed, no saga, no step and no fault can be left out
 */
export async function shrink<Data>(scenario: Scenario<Data>, failed: Played): Promise<Played> {
  let best: Played = failed;
  let replays = 0;

  const stillFails = async (plan: Plan): Promise<boolean> => {
    if (replays++ >= MOST_REPLAYS) return false;
    const candidate = await play(scenario, plan);
    if (candidate.violations.length === 0) return false;
    best = { ...candidate, plan: { ...plan, allowed: keysOf(candidate) } };
    return true;
  };
  const parts = [
    () => leaveOut(best.plan.sagas, (sagas) => sagas.length > 0 && stillFails({ ...best.plan, sagas })),
    () => leaveOut([...best.plan.allowed!], (keys) => stillFails({ ...best.plan, allowed: new Set(keys) })),
    () => leaveOut(best.plan.steps, (steps) => stillFails({ ...best.plan, steps })),
  ];

  // What did not happen so far may not happen in its place: a smaller schedule has faults of the larger one only.
  best = { ...failed, plan: { ...failed.plan, allowed: keysOf(failed) } };
  for (let before = Infinity; sizeOf(best) < before && replays < MOST_REPLAYS;) {
    before = sizeOf(best);
    for (const part of parts) await part();
  }
  return best;
}

/**
 * Delta debugging: leaves out half of the items, then quarters, at last each alone, until none can be left out.
 *
 * @param holds - whether it works without the rest
 */
async function leaveOut<Item>(
  items: readonly Item[],
  holds: (fewer: readonly Item[]) => Promise<boolean> | false,
): Promise<void> {
  let left = items;
  for (let chunk = Math.ceil(left.length / 2); chunk >= 1;) {
    let lessened = false;
    for (let from = 0; from < left.length;) {
      const fewer = [...left.slice(0, from), ...left.slice(from + chunk)];
      if (await holds(fewer)) {
        left = fewer;
        lessened = true;
      } else from += chunk;
    }
    if (chunk === 1 && !lessened) return;
    chunk = Math.max(1, Math.floor(chunk / 2));
  }
}

const keysOf = ({ faults }: Played): ReadonlySet<string> => new Set(faults.map(({ key }) => key));

const sizeOf = ({ plan }: Played): number => plan.sagas.length + plan.steps.length + plan.allowed!.size;

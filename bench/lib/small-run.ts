/** `--small`: counts, not times, so any machine will do. */
import { compareWithLimits } from './limits.js';
import { measure, type Measurement, type System } from './measure.js';

const WARM_UP = { inFlight: 1, orders: 50 };
const LOAD = { inFlight: 1, orders: 200 };

/**
 * Measures one order at a time, briefly, and prints what it cost.
 *
 * @returns the figures, and whether all is as it must be
 */
export async function runSmall(system: System) {
  await measure(system, WARM_UP);
  const result = await measure(system, LOAD);
  const comparisons = compareWithLimits(result);
  for (const { what, is, limit, isExceeded } of comparisons)
    console.log(`${what} per saga: ${is.toFixed(2)}, at most ${limit}${isExceeded ? ' — MORE THAN ALLOWED' : ''}`);
  if (comparisons.some(({ isExceeded }) => isExceeded)) printStatements(result);
  const unexpected = Object.keys(result.outcomes).filter((outcome) => outcome.startsWith('unexpected'));
  if (unexpected.length > 0) console.log(`orders that ended otherwise: ${unexpected.join(', ')}`);
  const isGood = unexpected.length === 0 && comparisons.every(({ isExceeded }) => !isExceeded);
  return { result: { name: 'small', ...result }, isGood };
}

const FEWEST_CALLS = 0.05;
const MOST_CHARACTERS = 120;

/** What the statements are: one of them is new, or executed more often. */
function printStatements({ statementTexts }: Measurement): void {
  console.log('\nstatements per saga:');
  for (const { database, text, calls } of statementTexts)
    if (calls > FEWEST_CALLS)
      console.log(`  ${calls.toFixed(2).padStart(5)}  ${database.padEnd(18)}  ${text.slice(0, MOST_CHARACTERS)}`);
}

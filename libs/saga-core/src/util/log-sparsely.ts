/**
 * Lines about what others send, of which there may be any number: the first is written at once, and what follows is
 * counted and told every few seconds.
 */
import { CONSTANTS } from '../settings.js';

const MOST_EXAMPLES = 5;

/** What was not told yet about one kind of event, and how often it has happened in all. */
interface Tally {
  total: number;
  count: number;
  examples: object[];
  timer: NodeJS.Timeout | null;
}

/** Any logger whose levels take fields and a message: pino's, and those of frameworks that are like it. */
type SparseLogger = Record<'info' | 'warn', (fields: object, message: string) => void>;

const tallies = new WeakMap<SparseLogger, Map<string, Tally>>();

/**
 * Logs an event of a kind that may come in floods.
 *
 * @param fields - of this event; those of the first few that are told together stand in `examples`, and of one with
 *   another `reason`
 * @param message - names the kind, so it never varies
 */
export function logSparsely(logger: SparseLogger, level: 'info' | 'warn', fields: object, message: string): void {
  const ofLogger = tallies.get(logger) ?? new Map<string, Tally>();
  tallies.set(logger, ofLogger);
  const tally = ofLogger.get(message) ?? { total: 0, count: 0, examples: [], timer: null };
  ofLogger.set(message, tally);
  tally.total++;
  const tellLater = (): void => {
    tally.timer = setTimeout(() => {
      const { total, count, examples } = tally;
      Object.assign(tally, { count: 0, examples: [], timer: null });
      if (count === 0) return;
      logger[level]({ count, total, examples }, message);
      tellLater();
    }, CONSTANTS.logEveryMs);
    // What is untold is no reason to live.
    tally.timer.unref();
  };
  if (tally.timer === null) {
    logger[level](fields, message);
    return tellLater();
  }
  tally.count++;
  const { examples } = tally;
  if (examples.length < MOST_EXAMPLES) examples.push(fields);
  // Another reason tells more than one more example of the same.
  else if (!examples.some((example) => reasonOf(example) === reasonOf(fields))) examples[MOST_EXAMPLES - 1] = fields;
}

const reasonOf = (fields: object): unknown => (fields as { reason?: unknown }).reason;

/** What others are asked for when somebody looks: seldom, and not for long. */
import { memoizeFor } from '../util/memoize-for.js';
import { withTimeout } from '../util/with-timeout.js';

/** However many look, and however many gauges are filled from one answer, it is asked for once in so long. */
const EVERY_MS = 5_000;
/** Who does not answer must not take all other metrics with it. */
const PATIENCE_MS = 2_000;

/**
 * @param ask - asks a database or a broker
 * @returns the same, asked once in 5 s at most; null for what fails, or takes longer than 2 s: what is not known is not
 *   told
 */
export function cachedQuery<Answer>(ask: () => Promise<Answer>): () => Promise<Answer | null> {
  const seldom = memoizeFor(EVERY_MS, ask);
  return () =>
    withTimeout(
      seldom().catch(() => null),
      PATIENCE_MS,
      () => null,
    );
}

import { isUnanswered } from './broker-answer.js';
import { CONSTANTS } from '../settings.js';

/**
 * Declares a topology again and again: of an exchange or a binding that somebody deletes, no broker tells, and a saga
 * would wait for ever.
 *
 * @param declareAll - declares what is missing, and leaves alone what is there
 * @param fail - told when that cannot be done; not when the broker does not answer: it is asked again
 * @returns a function that ends it
 */
export function redeclarePeriodically(declareAll: () => Promise<void>, fail: (reason: Error) => void): () => void {
  let busy = false;
  const timer = setInterval(() => {
    // A broker that does not answer is asked once.
    if (busy) return;
    busy = true;
    declareAll()
      .catch((error: Error) => {
        if (!isUnanswered(error)) fail(error);
      })
      .finally(() => (busy = false));
  }, CONSTANTS.topologyCheckMs);
  return () => clearInterval(timer);
}

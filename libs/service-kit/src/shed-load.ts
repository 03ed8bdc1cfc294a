import type { FastifyInstance } from 'fastify';
import { HttpProblem, PROBLEMS, RETRY_AFTER_SECONDS } from 'http-kit';

/**
 * Answers every request with 503 and Retry-After while there is a reason to; only questions about health are always
 * answered.
 *
 * @param reason - what to tell the client, or null to let its request in
 */
export function shedLoadWhile(app: FastifyInstance, reason: () => string | null): void {
  app.addHook('onRequest', async (request) => {
    const detail = request.url.startsWith('/health/') ? null : reason();
    if (detail !== null)
      throw new HttpProblem(PROBLEMS.unavailable, detail, { retryAfterSeconds: RETRY_AFTER_SECONDS });
  });
}

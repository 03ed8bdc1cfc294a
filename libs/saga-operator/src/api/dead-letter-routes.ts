/** Routes that show dead letters, send them again and throw them away. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { abridged, type DeadLetters, type SettledDeadLetters, queuesOf, type StoredDeadLetter } from 'saga-core/admin';
import { HttpProblem, PROBLEMS } from 'http-kit';
import { countDeadLettersSchema, peekDeadLettersSchema, settleDeadLettersSchema } from './dead-letter-route-schemas.js';
import type { OperatorConsoleOptions } from './options.js';
import { withAuditEntry } from './with-audit-entry.js';
import { truncate, truncateText } from './truncate.js';
import type { DeadLetter } from './schemas/index.js';

const MAX_BODY_CHARS = 10_000;
const HEADER_BOUNDS = { text: 500, items: 20, levels: 4 };
/** Letters that an act names; of more it tells the number alone. */
const MAX_LETTERS_NAMED = 100;
interface Options extends OperatorConsoleOptions {
  readonly deadLetters: DeadLetters;
}

/** Adds `GET /dead-letters`, `GET /dead-letters/{queue}`, and `POST /dead-letters/{queue}/replay` and `/discard`. */
export const deadLetterRoutes: FastifyPluginAsyncTypebox<Options> = async (app, options) => {
  const { orchestrator, deadLetters, database } = options;
  const queues = queuesOf(orchestrator.definitions);
  const known = (queue: string): string => {
    if (!queues.includes(queue)) throw new HttpProblem(PROBLEMS.notFound, `No saga here uses a queue ${queue}.`);
    return queue;
  };

  app.get('/dead-letters', { schema: countDeadLettersSchema }, async () => ({
    items: await deadLetters.count(queues),
  }));

  app.get(
    '/dead-letters/:queue',
    { schema: peekDeadLettersSchema },
    async ({ params: { queue }, query: { limit = 50 } }) => {
      const { letters, count } = await deadLetters.peek(known(queue), limit);
      return { items: letters.map(shown), count };
    },
  );

  for (const type of ['replay', 'discard'] as const)
    app.post(
      `/dead-letters/:queue/${type}`,
      { schema: settleDeadLettersSchema(type) },
      async ({ params: { queue }, body: { operator, reason, id = null } }) => {
        const act = { operator, reason, action: `${type}-dead-letters`, sagaId: null };
        const { done, kept } = await withAuditEntry(
          app.log,
          database,
          { ...act, details: { queue: known(queue), id, outcome: 'not known' } },
          () => deadLetters[type](queue, id),
          (result) => (result.done.length + result.kept === 0 ? null : detailsOf(queue, result)),
        );
        if (id !== null && done.length + kept === 0)
          throw new HttpProblem(PROBLEMS.notFound, `There is no letter ${id} in ${queue}.dead.`);
        return { done: done.length, kept };
      },
    );
};

const detailsOf = (queue: string, { done, kept }: SettledDeadLetters) => ({
  queue,
  done: done.length,
  kept,
  letters: done.slice(0, MAX_LETTERS_NAMED).map(({ id, cause, correlationId }) => ({
    id,
    cause: truncateText(cause),
    correlationId: correlationId === undefined ? null : truncateText(correlationId),
  })),
});

function shown({ replay, body, correlationId, replyTo, headers, ...letter }: StoredDeadLetter): DeadLetter {
  const text = body.toString('utf8');
  return {
    ...letter,
    correlationId: correlationId ?? null,
    replyTo: replyTo ?? null,
    headers: truncate(headers, HEADER_BOUNDS) as DeadLetter['headers'],
    body: abridged(text, MAX_BODY_CHARS),
    bytes: body.length,
    replayable: replay !== null,
  };
}

/** Routes that show dead letters, send them again and throw them away. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { SagaDefinition } from 'saga-core';
import { abridged, type DeadLetters, type LettersDone, queuesOf, type StoredDeadLetter } from 'saga-core/admin';
import { letterExample } from './examples.js';
import { OperatorProblem } from './operator-problem.js';
import type { OperatorConsoleOptions } from './options.js';
import { recordedFirst } from './recorded-first.js';
import { answers, DENIALS, refuses } from './route-docs.js';
import { shortened, shortText } from './shortened.js';
import {
  DeadLetterQueuesSchema,
  LettersBody,
  LettersQuery,
  LettersResultSchema,
  LettersSchema,
  QueueParams,
  type Letter,
} from './schemas/index.js';

const TAGS = ['dead letters'];
const MOST_TEXT = 10_000;
const HEADER_BOUNDS = { text: 500, items: 20, levels: 4 };
/** Letters that an act names; of more it tells the number alone. */
const MOST_NAMED = 100;
const unknownQueue = refuses('No saga uses this queue.', 'NOT_FOUND');
const malformed = refuses('A part of the request breaks its schema.', 'INVALID_REQUEST');

interface Options extends OperatorConsoleOptions {
  readonly deadLetters: DeadLetters;
}

/** Adds `GET /dead-letters`, `GET /dead-letters/{queue}`, and `POST /dead-letters/{queue}/replay` and `/discard`. */
export const deadLetterRoutes: FastifyPluginAsyncTypebox<Options> = async (app, options) => {
  const { orchestrator, deadLetters, database } = options;
  const queues = queuesOf(orchestrator.definitions as readonly SagaDefinition<never, never>[]);
  const known = (queue: string): string => {
    if (!queues.includes(queue)) throw new OperatorProblem('NOT_FOUND', `No saga here uses a queue ${queue}.`);
    return queue;
  };

  app.get(
    '/dead-letters',
    {
      schema: {
        operationId: 'countDeadLetters',
        tags: TAGS,
        summary: 'See which queues have dead letters',
        description: 'The queues of the participants that the sagas use, and of the replies.',
        response: {
          200: answers('The queues.', DeadLetterQueuesSchema, {
            items: [{ queue: 'restaurant_service.commands', count: 1, consumers: 1 }],
          }),
          ...DENIALS,
        },
      },
    },
    async () => ({ items: await deadLetters.count(queues) }),
  );

  app.get(
    '/dead-letters/:queue',
    {
      schema: {
        operationId: 'peekDeadLetters',
        tags: TAGS,
        summary: 'See dead letters',
        description: 'The oldest of a queue, with the cause of each. They stay where they are.',
        params: QueueParams,
        querystring: LettersQuery,
        response: {
          200: answers('The letters.', LettersSchema, { items: [letterExample], count: 1 }),
          400: malformed,
          ...DENIALS,
          404: unknownQueue,
        },
      },
    },
    async ({ params: { queue }, query: { limit = 50 } }) => {
      const { letters, count } = await deadLetters.peek(known(queue), limit);
      return { items: letters.map(shown), count };
    },
  );

  for (const [type, summary, description] of ACTIONS)
    app.post(
      `/dead-letters/:queue/${type}`,
      {
        schema: {
          operationId: `${type}DeadLetters`,
          tags: TAGS,
          summary,
          description,
          params: QueueParams,
          body: LettersBody,
          response: {
            200: answers('What became of them.', LettersResultSchema, { done: 1, kept: 0 }),
            400: malformed,
            ...DENIALS,
            404: unknownQueue,
          },
        },
      },
      async ({ params: { queue }, body: { operator, reason, id = null } }) => {
        const act = { operator, reason, action: `${type}-dead-letters`, sagaId: null };
        const { done, kept } = await recordedFirst(
          app.log,
          database,
          { ...act, details: { queue: known(queue), id, outcome: 'not known' } },
          () => deadLetters[type](queue, id),
          (result) => (result.done.length + result.kept === 0 ? null : detailsOf(queue, result)),
        );
        if (id !== null && done.length + kept === 0)
          throw new OperatorProblem('NOT_FOUND', `There is no letter ${id} in ${queue}.dead.`);
        return { done: done.length, kept };
      },
    );
};

const ACTIONS = [
  [
    'replay',
    'Send dead letters again',
    'To the queue that they come from, and to no other: one, or all that lie there now. Each leaves only when that queue has it, so that none gets lost; should the service die in the middle of it, some are there twice, which sagas and participants bear.',
  ],
  ['discard', 'Throw dead letters away', 'One, or all that lie there now. They are gone for good.'],
] as const;

const detailsOf = (queue: string, { done, kept }: LettersDone) => ({
  queue,
  done: done.length,
  kept,
  letters: done.slice(0, MOST_NAMED).map(({ id, cause, correlationId }) => ({
    id,
    cause: shortText(cause),
    correlationId: correlationId === undefined ? null : shortText(correlationId),
  })),
});

function shown({ replay, body, correlationId, replyTo, headers, ...letter }: StoredDeadLetter): Letter {
  const text = body.toString('utf8');
  return {
    ...letter,
    correlationId: correlationId ?? null,
    replyTo: replyTo ?? null,
    headers: shortened(headers, HEADER_BOUNDS) as Letter['headers'],
    body: abridged(text, MOST_TEXT),
    bytes: body.length,
    replayable: replay !== null,
  };
}

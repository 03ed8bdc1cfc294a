/** The route that tells what operators did. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { listActs } from 'saga-core/admin';
import type { OperatorConsoleOptions } from './options.js';
import { answers, DENIALS, refuses, TAGS } from './route-docs.js';
import { ActsQuery, ActsSchema } from './schemas/index.js';

/** Adds `GET /sagas/audit`. */
export const actRoutes: FastifyPluginAsyncTypebox<OperatorConsoleOptions> = async (app, { database }) => {
  app.get(
    '/sagas/audit',
    {
      schema: {
        operationId: 'listActs',
        tags: TAGS,
        summary: 'See what operators did',
        description: 'To sagas, to dead letters, and in bulk; what was done to a saga stands in its history as well.',
        querystring: ActsQuery,
        response: {
          200: answers('A page.', ActsSchema, {
            items: [
              {
                id: '019c1f2e-7b1a-7c4d-9e5f-ba9876543210',
                at: '2026-01-31T12:00:00.000Z',
                operator: 'ann',
                reason: 'the kitchen is back',
                action: 'retry',
                sagaId: '019c1f2e-7b1a-7c4d-9e5f-ba9876543211',
                details: { version: 31 },
              },
            ],
            nextCursor: null,
          }),
          400: refuses('The query breaks its schema.', 'INVALID_REQUEST'),
          ...DENIALS,
        },
      },
    },
    async ({ query: { limit = 50, cursor = null } }) => {
      const found = await listActs(database, { before: cursor, limit: limit + 1 });
      const items = found.slice(0, limit).map((act) => ({ ...act, at: new Date(act.at).toISOString() }));
      return { items, nextCursor: found.length > limit ? items.at(-1)!.id : null };
    },
  );
};

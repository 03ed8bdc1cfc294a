/** Of the route of the audit log: what is validated, and what the OpenAPI document says. */
import { PROBLEMS } from 'http-kit';
import { ACCESS_PROBLEMS, answers, refuses, TAGS } from './route-docs.js';
import { ActsQuery, ActsSchema } from './schemas/index.js';

/** `GET /sagas/audit` */
export const listActsSchema = {
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
    400: refuses('The query breaks its schema.', PROBLEMS.invalidRequest),
    ...ACCESS_PROBLEMS,
  },
};

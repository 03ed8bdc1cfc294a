/** Of the route of the audit log: what is validated, and what the OpenAPI document says. */
import { PROBLEMS } from 'http-kit';
import { ACCESS_PROBLEMS, jsonResponse, problemResponse, TAGS } from './response-docs.js';
import { AuditQuery, AuditPageSchema } from './schemas/index.js';

/** `GET /sagas/audit` */
export const listAuditEntriesSchema = {
  operationId: 'listAuditEntries',
  tags: TAGS,
  summary: 'See what operators did',
  description: 'To sagas, to dead letters, and in bulk; what was done to a saga stands in its history as well.',
  querystring: AuditQuery,
  response: {
    200: jsonResponse('A page.', AuditPageSchema, {
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
    400: problemResponse('The query breaks its schema.', PROBLEMS.invalidRequest),
    ...ACCESS_PROBLEMS,
  },
};

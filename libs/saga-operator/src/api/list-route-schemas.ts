/** Of the routes that list sagas: what is validated, and what the OpenAPI document says. */
import { Type } from '@sinclair/typebox';
import { PROBLEMS } from 'http-kit';
import { summaryExample } from './examples.js';
import { OPERATOR_PROBLEMS } from './operator-problems.js';
import { ACCESS_PROBLEMS, jsonResponse, problemResponse, TAGS } from './response-docs.js';
import {
  DefinitionSchema,
  ExportQuery,
  FailuresQuery,
  FailuresSchema,
  ListQuery,
  SagaPageSchema,
  SummarySchema,
} from './schemas/index.js';

/** `GET /sagas` */
export const listSagasSchema = {
  operationId: 'listSagas',
  tags: TAGS,
  summary: 'List sagas',
  description: 'Page by page, filtered and sorted.',
  querystring: ListQuery,
  response: {
    200: jsonResponse('A page.', SagaPageSchema, { items: [summaryExample], nextCursor: null }),
    400: problemResponse('A filter or the cursor is wrong.', PROBLEMS.invalidRequest),
    ...ACCESS_PROBLEMS,
  },
};

/** `GET /sagas/export` */
export const exportSagasSchema = {
  operationId: 'exportSagas',
  tags: TAGS,
  summary: 'Export sagas',
  description:
    'All that match, newest first, as a stream of lines. One export at a time, which rests as long as it works.',
  querystring: ExportQuery,
  response: {
    400: problemResponse('A filter is wrong.', PROBLEMS.invalidRequest),
    ...ACCESS_PROBLEMS,
    429: problemResponse(
      'Another export is not over, or too many wrong tokens came from this address.',
      OPERATOR_PROBLEMS.exportRunning,
    ),
  },
};

/** `GET /sagas/summary` */
export const summarizeSagasSchema = {
  operationId: 'summarizeSagas',
  tags: TAGS,
  summary: 'See how sagas are doing',
  description: 'Counts by status and step, rates, and those that need attention first.',
  response: {
    200: jsonResponse('The summary.', SummarySchema, {
      counts: [{ saga: 'create_order_saga', status: 'stuck', step: summaryExample.step, count: 1 }],
      startedPerMinute: 12.4,
      endedPerMinute: 12.2,
      stuck: 1,
      stalest: [summaryExample],
      mostAttempts: [summaryExample],
      oldestUnattendedDeadline: null,
    }),
    ...ACCESS_PROBLEMS,
  },
};

/** `GET /sagas/failures` */
export const groupFailuresSchema = {
  operationId: 'groupFailures',
  tags: TAGS,
  summary: 'See what goes wrong',
  description: 'The last errors of sagas, like with like; also of those that overcame it.',
  querystring: FailuresQuery,
  response: {
    200: jsonResponse('The groups.', FailuresSchema, {
      groups: [
        {
          saga: 'create_order_saga',
          ...summaryExample.lastError!,
          message: 'No reply within … ms',
          count: 7,
          stuckCount: 1,
          firstSeen: summaryExample.startedAt,
          lastSeen: summaryExample.updatedAt,
          trend: [{ at: summaryExample.startedAt, count: 7 }],
        },
      ],
    }),
    ...ACCESS_PROBLEMS,
  },
};

/** `GET /sagas/definitions` */
export const listDefinitionsSchema = {
  operationId: 'listDefinitions',
  tags: TAGS,
  summary: 'See how sagas are defined',
  description: 'The definitions that this process runs: steps, undos, and a state diagram.',
  response: {
    200: jsonResponse(
      'The definitions.',
      Type.Object({ items: Type.Array(DefinitionSchema, { description: 'Name by name.' }) }),
      {
        items: [
          {
            name: 'create_order_saga',
            version: 1,
            deadlineMs: null,
            steps: [
              {
                name: summaryExample.step,
                kind: 'retriable',
                local: false,
                undo: null,
                service: 'restaurant_service',
                queue: 'restaurant_service.commands',
              },
            ],
            mermaid: 'stateDiagram-v2',
          },
        ],
      },
    ),
    ...ACCESS_PROBLEMS,
  },
};

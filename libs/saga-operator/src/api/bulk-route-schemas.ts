/** Of the routes of bulk operations: what is validated, and what the OpenAPI document says. */
import { PROBLEMS } from 'http-kit';
import { bulkExample, summaryExample } from './examples.js';
import { OPERATOR_PROBLEMS } from './operator-problems.js';
import { ACCESS_PROBLEMS, jsonResponse, problemResponse, TAGS } from './response-docs.js';
import {
  BulkBody,
  BulkOperationSchema,
  BulkOperationsSchema,
  DryRunSchema,
  idParams,
  OperatorBody,
} from './schemas/index.js';

const params = idParams('The operation.');
const seen = jsonResponse('The operation.', BulkOperationSchema, bulkExample);
const malformed = problemResponse('A part of the request breaks its schema.', PROBLEMS.invalidRequest);
const missing = problemResponse('There is no operation of this id.', PROBLEMS.notFound);
const DESCRIPTIONS = {
  pause: ['Pause a bulk operation', 'What it has done stays; it goes on when it is resumed.'],
  resume: ['Resume a bulk operation', 'It goes on with what is left.'],
} as const;

/** `POST /sagas/bulk-operations` */
export const startBulkOperationSchema = {
  operationId: 'startBulkOperation',
  tags: TAGS,
  summary: 'Retry many sagas',
  description:
    'All that are stuck and match now, each once, so many in a second. It outlives the process. A dry run only ' +
    'says what it would match.',
  body: BulkBody,
  response: {
    200: jsonResponse('What it would match.', DryRunSchema, { matches: 1, sample: [summaryExample] }),
    202: jsonResponse('The operation has begun.', BulkOperationSchema, bulkExample),
    400: malformed,
    ...ACCESS_PROBLEMS,
    409: problemResponse('One with the same filter is not over.', OPERATOR_PROBLEMS.bulkOperationRunning),
  },
};

/** `GET /sagas/bulk-operations` */
export const listBulkOperationsSchema = {
  operationId: 'listBulkOperations',
  tags: TAGS,
  summary: 'List bulk operations',
  description: 'The last hundred, newest first.',
  response: {
    200: jsonResponse('The operations.', BulkOperationsSchema, { items: [bulkExample] }),
    ...ACCESS_PROBLEMS,
  },
};

/** `GET /sagas/bulk-operations/{id}` */
export const getBulkOperationSchema = {
  operationId: 'getBulkOperation',
  tags: TAGS,
  summary: 'See a bulk operation',
  description: 'How far it is, and what could not be done.',
  params,
  response: { 200: seen, 400: malformed, ...ACCESS_PROBLEMS, 404: missing },
};

/** `POST /sagas/bulk-operations/{id}/pause` and `/resume` */
export function bulkStatusSchema(type: 'pause' | 'resume') {
  const [summary, description] = DESCRIPTIONS[type];
  return {
    operationId: `${type}BulkOperation`,
    tags: TAGS,
    summary,
    description,
    params,
    body: OperatorBody,
    response: {
      200: seen,
      400: malformed,
      ...ACCESS_PROBLEMS,
      404: missing,
      409: problemResponse('It is over.', OPERATOR_PROBLEMS.actionNotAllowed),
    },
  };
}

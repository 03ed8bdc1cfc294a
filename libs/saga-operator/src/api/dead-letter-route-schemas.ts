/** Of the routes of dead letters: what is validated, and what the OpenAPI document says. */
import { PROBLEMS } from 'http-kit';
import { deadLetterExample } from './examples.js';
import { ACCESS_PROBLEMS, jsonResponse, problemResponse } from './response-docs.js';
import {
  DeadLetterQueuesSchema,
  SettleDeadLettersBody,
  PeekDeadLettersQuery,
  SettledDeadLettersSchema,
  DeadLettersSchema,
  QueueParams,
} from './schemas/index.js';

const TAGS = ['dead letters'];
const unknownQueue = problemResponse('No saga uses this queue.', PROBLEMS.notFound);
const malformed = problemResponse('A part of the request breaks its schema.', PROBLEMS.invalidRequest);

const DESCRIPTIONS = {
  replay: [
    'Send dead letters again',
    'To the queue that they come from, and to no other: one, or all that lie there now. Each leaves only when ' +
      'that queue has it, so that none gets lost; should the service die in the middle of it, some are there ' +
      'twice, which sagas and participants bear.',
  ],
  discard: ['Throw dead letters away', 'One, or all that lie there now. They are gone for good.'],
} as const;

/** `GET /dead-letters` */
export const countDeadLettersSchema = {
  operationId: 'countDeadLetters',
  tags: TAGS,
  summary: 'See which queues have dead letters',
  description: 'The queues of the participants that the sagas use, and of the replies.',
  response: {
    200: jsonResponse('The queues.', DeadLetterQueuesSchema, {
      items: [{ queue: 'restaurant_service.commands', count: 1, consumers: 1 }],
    }),
    ...ACCESS_PROBLEMS,
  },
};

/** `GET /dead-letters/{queue}` */
export const peekDeadLettersSchema = {
  operationId: 'peekDeadLetters',
  tags: TAGS,
  summary: 'See dead letters',
  description: 'The oldest of a queue, with the cause of each. They stay where they are.',
  params: QueueParams,
  querystring: PeekDeadLettersQuery,
  response: {
    200: jsonResponse('The letters.', DeadLettersSchema, { items: [deadLetterExample], count: 1 }),
    400: malformed,
    ...ACCESS_PROBLEMS,
    404: unknownQueue,
  },
};

/** `POST /dead-letters/{queue}/replay` and `/discard` */
export function settleDeadLettersSchema(type: 'replay' | 'discard') {
  const [summary, description] = DESCRIPTIONS[type];
  return {
    operationId: `${type}DeadLetters`,
    tags: TAGS,
    summary,
    description,
    params: QueueParams,
    body: SettleDeadLettersBody,
    response: {
      200: jsonResponse('What became of them.', SettledDeadLettersSchema, { done: 1, kept: 0 }),
      400: malformed,
      ...ACCESS_PROBLEMS,
      404: unknownQueue,
    },
  };
}

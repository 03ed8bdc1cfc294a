/** Of the route of events: what is validated, and what the OpenAPI document says. */
import { ACCESS_PROBLEMS, TAGS } from './response-docs.js';
import { EventsQuery } from './schemas/index.js';

/** `GET /sagas/events` */
export const watchSagasSchema = {
  operationId: 'watchSagas',
  tags: TAGS,
  summary: 'Watch sagas',
  description:
    'Server-sent events: `saga`, with the summary of a saga, on each change; `missed`, when more changed than ' +
    'is told, or than you have read: ' +
    'what you show may be out of date, so ask for it again; a comment every 15 seconds. Begins with what ' +
    'changes from now on.',
  querystring: EventsQuery,
  response: ACCESS_PROBLEMS,
};

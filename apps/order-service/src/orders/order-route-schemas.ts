/** What the document says about the order routes, and what Fastify validates. */
import { Type } from '@sinclair/typebox';
import { HttpProblem, PROBLEMS } from 'service-kit';
import { answers, malformedId, problem, refTo, RETRY_AFTER, unavailable } from '../openapi.js';
import * as examples from './order-examples.js';
import { keyReused, orderNotAccepted, overloaded } from './order-problems.js';
import { NewOrder, OrderListQuery, uuid, type Order } from './order-schemas.js';
import { MAX_WAIT_SECONDS } from './prefer.js';

/** A valid order of a hundred dishes with long names, every character escaped, still fits. */
export const ORDER_BODY_LIMIT_BYTES = 131_072;

const headers = Type.Object({
  // Without an example: the page would send it with every order that is tried out.
  'Idempotency-Key': Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 255,
      description:
        'Any text of at most 255 characters that is new for each order, such as a UUID. It makes it safe to send the request again: the same key with the ' +
        'same body never begins a second order. It is answered as the first request was, with the order as it is now (202, or 201 for a decided order ' +
        'with `Prefer: wait`) and with `Idempotent-Replayed: true`. With another body it is refused with 422. A request that comes again is answered so also while no new orders are taken (429, 503). A key is kept for ' +
        '30 days from its first use, unless the service is set otherwise (IDEMPOTENCY_KEY_RETENTION_DAYS); after that it is new again, and begins a new order.',
    }),
  ),
  Prefer: Type.Optional(
    Type.String({
      description: `\`wait=<seconds>\` (RFC 7240) holds the answer until the order is decided, for at most ${MAX_WAIT_SECONDS} s. Other preferences are ignored.`,
      examples: ['wait=10'],
    }),
  ),
});

const answerHeaders = {
  Location: {
    type: 'string',
    description: 'Where the order is, seen from the URL of the request.',
    examples: [`orders/${examples.ORDER_ID}`],
  },
  'Preference-Applied': {
    type: 'string',
    description: 'The wait that was granted, if one was asked for.',
    examples: ['wait=10'],
  },
  'Idempotent-Replayed': {
    type: 'string',
    enum: ['true'],
    description: 'There when an earlier request with the same key began the order.',
  },
};

/** `POST /orders` */
export const postOrder = {
  operationId: 'placeOrder',
  tags: ['orders'],
  summary: 'Place an order',
  description:
    'Takes an order and begins its saga, in one transaction: an order that was answered with 201 or 202 is never lost, and one that was refused does not exist.',
  headers,
  body: NewOrder,
  response: {
    201: answers(
      'The order is decided: APPROVED or REJECTED. Only with `Prefer: wait`.',
      refTo<Order>('Order'),
      examples.approvedOrder,
      answerHeaders,
    ),
    202: answers(
      'The order is taken. Its status is APPROVAL_PENDING, unless an earlier request with the same key began it.',
      refTo<Order>('Order'),
      examples.pendingOrder,
      answerHeaders,
    ),
    400: problem(
      'The request is not JSON or breaks its schema; `errors` names each wrong field.',
      examples.invalidOrder,
    ),
    413: problem('The body is too large.', new HttpProblem(PROBLEMS.tooLarge, 'Request body is too large')),
    415: problem(
      'The body is not JSON in UTF-8, or comes compressed.',
      new HttpProblem(PROBLEMS.unsupportedMediaType, 'Unsupported Media Type: text/plain'),
    ),
    422: problem('The Idempotency-Key came with another body before.', keyReused()),
    429: problem('There is more to do than can be done in time. The order was not taken.', overloaded(), RETRY_AFTER),
    503: problem(
      'The database or the message broker is out of reach, and the order was not taken. With the code OUTCOME_UNKNOWN this is not known, and `orderId` names the order. ' +
        'With the code IDEMPOTENCY_KEY_IN_USE another request with the same key is not over. To send the same request again, with the same key, is always safe.',
      orderNotAccepted('the message broker takes no messages'),
      RETRY_AFTER,
    ),
  },
};

/** `GET /orders` */
export const getOrders = {
  operationId: 'listOrders',
  tags: ['orders'],
  summary: 'List orders, newest first',
  description: 'Gives a page of orders, and the cursor of the next one.',
  querystring: OrderListQuery,
  response: {
    200: answers(
      'A page of orders.',
      Type.Object({
        orders: Type.Array(refTo<Order>('Order'), { description: 'Newest first.' }),
        nextCursor: Type.Union([Type.String(), Type.Null()], {
          description: 'Give it as `cursor` for the next page; null when there is none.',
        }),
      }),
      { orders: [examples.approvedOrder], nextCursor: 'AZwfLnsafE2eXwEjRWeJqw' },
    ),
    400: problem('The query breaks its schema, or the cursor is none.', examples.invalidQuery),
    503: unavailable,
  },
};

/** `GET /orders/{id}` */
export const getOrder = {
  operationId: 'getOrder',
  tags: ['orders'],
  summary: 'See an order',
  description: 'Gives an order as it stands now.',
  params: Type.Object({ id: uuid('The order.', examples.ORDER_ID) }),
  response: {
    200: answers('The order.', refTo<Order>('Order'), examples.approvedOrder),
    400: malformedId,
    404: problem('There is no order of this id.', examples.noSuchOrder),
    503: unavailable,
  },
};

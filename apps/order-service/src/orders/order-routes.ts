/** Orders over HTTP: how they are taken, and how they are seen. */
import type { Kysely } from 'kysely';
import {
  HttpProblem,
  PROBLEMS,
  timesSent,
  traceparentOf,
  type HttpApp,
  type HttpReply,
  type HttpRequest,
} from 'service-kit';
import type { OrderDatabase } from '../database.js';
import { awaitDecision, type WaitParts } from './await-decision.js';
import type { AcceptedOrder } from './candidate.js';
import { cursorAfter, orderIdOf } from './order-cursor.js';
import type { AcceptOrder } from './order-intake.js';
import { listOrders } from './order-queries.js';
import { getOrder, getOrders, ORDER_BODY_LIMIT_BYTES, postOrder } from './order-route-schemas.js';
import { preferredWait } from './prefer.js';

/** Adds `POST /orders`, `GET /orders` and `GET /orders/{id}`. */
export function orderRoutes(
  app: HttpApp,
  database: Kysely<OrderDatabase>,
  takeOrder: AcceptOrder,
  wait: WaitParts,
): void {
  const taken = new WeakMap<HttpRequest, AcceptedOrder>();

  app.post(
    '/orders',
    {
      schema: postOrder,
      bodyLimit: ORDER_BODY_LIMIT_BYTES,
      // Whatever fails after an order was taken: it was.
      errorHandler: (error, request, reply) => {
        const stands = taken.get(request);
        if (!stands) throw error;
        taken.delete(request);
        request.log.error({ err: error, orderId: stands.order.id }, 'an order was taken, and its answer failed');
        void head(reply, stands)
          .code(202)
          .type('application/json; charset=utf-8')
          .serializer(JSON.stringify)
          .send(stands.order);
      },
    },
    async (request, reply) => {
      const stands = await takeOrder({
        order: request.body,
        idempotencyKey: idempotencyKeyOf(request),
        traceparent: traceparentOf(request),
      });
      taken.set(request, stands);
      void head(reply, stands);
      const seconds = preferredWait(textOf(request.headers.prefer));
      if (seconds === null) return reply.code(202).send(stands.order);
      void reply.header('preference-applied', `wait=${seconds}`);
      const now = await awaitDecision(wait, stands.order, seconds, (error) =>
        request.log.warn({ err: error, orderId: stands.order.id }, 'an order could not be waited for'),
      );
      return reply.code(now.status === 'APPROVAL_PENDING' ? 202 : 201).send(now);
    },
  );

  app.get('/orders', { schema: getOrders }, async (request) => {
    const { limit = 20, cursor, status } = request.query;
    const olderThan = cursor === undefined ? null : lastIdOf(cursor);
    const { orders, more } = await listOrders(database, { limit, olderThan, ...(status && { status }) });
    const last = orders.at(-1);
    return { orders, nextCursor: more && last ? cursorAfter(last.id) : null };
  });

  app.get('/orders/:id', { schema: getOrder }, async (request) => {
    const order = await wait.findOrder(request.params.id);
    if (!order) throw new HttpProblem(PROBLEMS.notFound, `There is no order ${request.params.id}.`);
    return order;
  });
}

/** Seen from the request, so that it is right behind a proxy that takes a prefix off the path. */
const head = (reply: HttpReply, { order, replayed }: AcceptedOrder): HttpReply => {
  void reply.header('location', `orders/${order.id}`);
  return replayed ? reply.header('idempotent-replayed', 'true') : reply;
};

/** Node joins what is sent twice, and that would be a third key. */
function idempotencyKeyOf(request: HttpRequest): string | null {
  const name = 'idempotency-key';
  if (timesSent(request, name) > 1) throw invalid('headers', name, 'Expected one key');
  return textOf(request.headers[name]) ?? null;
}

/** A header that is sent once; Node joins those that are sent twice. */
function textOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(', ') : header;
}

function lastIdOf(cursor: string): string {
  const orderId = orderIdOf(cursor);
  if (orderId !== null) return orderId;
  throw invalid('querystring', 'cursor', 'Expected the nextCursor of an earlier page');
}

const invalid = (part: string, name: string, message: string): HttpProblem =>
  new HttpProblem(PROBLEMS.invalidRequest, `${name}: ${message}`, {
    errors: [{ name, path: `${part}/${name}`, message }],
  });

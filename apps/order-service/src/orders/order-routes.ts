/** Orders over HTTP: how they are taken, and how they are seen. */
import type { Kysely } from 'kysely';
import { HttpProblem, PROBLEMS, traceparentOf, type HttpApp } from 'service-kit';
import type { OrderDatabase } from '../database.js';
import { awaitDecision, type WaitParts } from './await-decision.js';
import { cursorAfter, orderIdOf } from './order-cursor.js';
import type { TakeOrder } from './order-intake.js';
import { listOrders } from './order-queries.js';
import { getOrder, getOrders, ORDER_BODY_LIMIT_BYTES, postOrder } from './order-route-schemas.js';
import { preferredWait } from './prefer.js';

/** Adds `POST /orders`, `GET /orders` and `GET /orders/{id}`. */
export function orderRoutes(
  app: HttpApp,
  database: Kysely<OrderDatabase>,
  takeOrder: TakeOrder,
  wait: WaitParts,
): void {
  app.post('/orders', { schema: postOrder, bodyLimit: ORDER_BODY_LIMIT_BYTES }, async (request, reply) => {
    const { order, replayed } = await takeOrder({
      order: request.body,
      idempotencyKey: textOf(request.headers['idempotency-key']) ?? null,
      traceparent: traceparentOf(request),
    });
    void reply.header('location', `/orders/${order.id}`);
    if (replayed) void reply.header('idempotent-replayed', 'true');
    const seconds = preferredWait(textOf(request.headers.prefer));
    if (seconds === null) return reply.code(202).send(order);
    void reply.header('preference-applied', `wait=${seconds}`);
    const now = await awaitDecision(wait, order, seconds);
    return reply.code(now.status === 'APPROVAL_PENDING' ? 202 : 201).send(now);
  });

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

/** A header that is sent once; Node joins those that are sent twice. */
function textOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(', ') : header;
}

function lastIdOf(cursor: string): string {
  const orderId = orderIdOf(cursor);
  if (orderId !== null) return orderId;
  const message = 'Expected the nextCursor of an earlier page';
  throw new HttpProblem(PROBLEMS.invalidRequest, `cursor: ${message}`, {
    errors: [{ name: 'cursor', path: 'querystring/cursor', message }],
  });
}

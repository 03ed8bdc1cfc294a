import type { Kysely } from 'kysely';
import { operatorConsole, type OperatorConsoleOptions } from 'saga-operator';
import { createHttpApp, createLogger, type HttpApp } from 'service-kit';
import type { OrderDatabase } from '../database.js';
import { asOperator, OPERATOR_TOKEN } from '../../../../test/support/operator-token.js';
import { documentApi } from '../openapi.js';
import type { WaitParts } from './await-decision.js';
import { newOrder, pendingOrder } from './order-examples.js';
import { orderRoutes } from './order-routes.js';
import { Order, type Order as OrderView } from './order-schemas.js';

/** Whoever uses it fails the test: the answer is a 500 then. */
const unreachable = <Part extends object>(): Part =>
  new Proxy({} as Part, {
    get: () => {
      throw new Error('This must not be reached');
    },
  });

const unused = {
  stored: () => Promise.reject(new Error('stored')),
  operate: () => Promise.reject(new Error('operated')),
};

let app: HttpApp;
beforeAll(async () => {
  app = createHttpApp(await createLogger('order-service', 'silent'));
  await documentApi(app, { Order });
  orderRoutes(app, unreachable<Kysely<OrderDatabase>>(), () => Promise.reject(new Error('taken')), unreachable());
  const orchestrator: OperatorConsoleOptions['orchestrator'] = { ...unused, definitions: [], isReady: () => true };
  asOperator(app);
  const database = unreachable<Kysely<OrderDatabase>>();
  await app.register(operatorConsole, { orchestrator, database, token: OPERATOR_TOKEN });
});
afterAll(() => app.close());

const post = (order: unknown, headers: Record<string, string> = {}) =>
  app.inject({ method: 'POST', url: '/orders', payload: order as object, headers });

describe('text that PostgreSQL does not take', () => {
  it.each([
    ['NUL', 'Dish\u0000 1'],
    ['half a character', 'Dish \ud800'],
  ])('is refused in the name of a dish: %s', async (_what, name) => {
    const response = await post({ ...newOrder, items: [{ name, quantity: 1 }] });
    expect(response.statusCode).toBe(400);
    expect(response.json()).toMatchObject({ code: 'INVALID_REQUEST', errors: [{ name: 'items.0.name' }] });
  });

  it('is refused as the name of a property', async () => {
    const response = await post({ ...newOrder, 'tip\u0000': 1 });
    expect(response.statusCode).toBe(400);
    expect(response.json()).toMatchObject({ errors: [{ name: 'tip\u0000' }] });
  });

  it.each([
    '/orders/%00',
    '/sagas/%00',
    '/orders?status=%00',
    '/orders?cursor=%00',
    '/orders?cursor=%ED%A0%80',
    '/orders?limit=1%00',
    '/orders?%00=1',
  ])('is refused in %s', async (url) => {
    const response = await app.inject(url);
    expect(response.statusCode).toBe(400);
    expect(response.json()).toMatchObject({ errors: [{ path: expect.any(String) as string }] });
  });
});

test('an Idempotency-Key that is too long is refused, and so is an empty one', async () => {
  for (const key of ['x'.repeat(256), '']) {
    const response = await post(newOrder, { 'idempotency-key': key });
    expect(response.statusCode).toBe(400);
    expect(response.json()).toMatchObject({ errors: [{ name: 'idempotency-key' }] });
  }
});

describe('an order that was taken is answered, whatever fails afterwards', () => {
  const fail = () => Promise.reject(new Error('password of the database: hunter2'));
  const ended = () => Promise.resolve('completed' as const);
  /** Stored by hand, perhaps: no schema allows it. */
  const odd = { ...pendingOrder, status: 'APPROVED', rejection: { step: 1n } } as unknown as OrderView;

  const withParts = async (wait: WaitParts, order = pendingOrder) => {
    const own = createHttpApp(await createLogger('order-service', 'silent'));
    await documentApi(own, { Order });
    orderRoutes(own, unreachable<Kysely<OrderDatabase>>(), () => Promise.resolve({ order, replayed: true }), wait);
    return own;
  };
  const wait = (waitForEnd: WaitParts['orchestrator']['waitForEnd'], findOrder: WaitParts['findOrder']): WaitParts => ({
    orchestrator: { waitForEnd },
    findOrder,
  });

  it.each<[string, WaitParts]>([
    ['the waiting', wait(fail, fail)],
    ['the reading', wait(ended, fail)],
    ['the answer', wait(ended, () => Promise.resolve(odd))],
  ])('%s', async (_what, parts) => {
    const own = await withParts(parts);
    const response = await own.inject({
      method: 'POST',
      url: '/orders',
      payload: newOrder,
      headers: { prefer: 'wait=1' },
    });
    expect([response.statusCode, response.json()]).toEqual([202, pendingOrder]);
    expect(response.headers).toMatchObject({
      'content-type': expect.stringContaining('application/json') as string,
      location: `orders/${pendingOrder.id}`,
      'idempotent-replayed': 'true',
    });
    await own.close();
  });

  it('and nothing is answered with it that was not taken', async () => {
    const own = createHttpApp(await createLogger('order-service', 'silent'));
    await documentApi(own, { Order });
    orderRoutes(own, unreachable<Kysely<OrderDatabase>>(), fail, wait(fail, fail));
    const response = await own.inject({ method: 'POST', url: '/orders', payload: newOrder });
    expect([response.statusCode, response.json<{ code: string }>().code]).toEqual([500, 'INTERNAL_ERROR']);
    await own.close();
  });
});

/** What a client is told while the database or the broker is out of reach: 503, and never a lie. */
import { randomUUID } from 'node:crypto';
import { get, post } from '../support/http.js';
import { startService, type ServiceProcess } from '../support/service-process.js';
import { startStack, type Stack } from '../support/stack.js';
import { startPostgresProxy, type PostgresProxy } from '../support/postgres-proxy.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { waitFor } from '../support/wait-for.js';

interface Order {
  readonly id: string;
  readonly status: string;
}

const ORDER = { consumerId: 70, restaurantId: 1, cardId: 1, price: 2000, items: [{ name: 'Dish 1', quantity: 2 }] };

let stack: Stack;
let toDatabase: PostgresProxy;
let toBroker: TcpProxy;
let service: ServiceProcess;
beforeAll(async () => {
  stack = await startStack('outage');
  const settings = stack.settingsOf('order-service');
  toDatabase = await startPostgresProxy(settings.DATABASE_URL!);
  toBroker = await startTcpProxy(settings.AMQP_URL!);
  service = startService('order-service', {
    DATABASE_URL: toDatabase.through(settings.DATABASE_URL!),
    AMQP_URL: toBroker.through(settings.AMQP_URL!),
  });
  await service.untilReady();
}, 60_000);
afterAll(async () => {
  await service.stop();
  await Promise.all([toDatabase.close(), toBroker.close()]);
  await stack.stop();
}, 60_000);

const orderCount = async () =>
  (await get<{ orders: Order[] }>(`${stack.url('order-service')}/orders?limit=100`)).body.orders.length;

test.each([
  ['the broker', () => toBroker],
  ['the database', () => toDatabase],
])(
  'without %s orders are refused, none is kept, and afterwards all goes on',
  async (_what, proxyOf) => {
    const before = await orderCount();
    proxyOf().cut();
    const answers = await Promise.all(Array.from({ length: 10 }, () => post(`${service.url()}/orders`, ORDER)));
    for (const { status, headers, body } of answers) {
      expect(status).toBe(503);
      expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(headers.get('retry-after')).toMatch(/^\d+$/);
      expect(body).toMatchObject({ code: 'SERVICE_UNAVAILABLE', detail: expect.stringContaining('not taken') });
    }
    expect(await orderCount()).toBe(before);
    proxyOf().restore();
    await service.untilReady();
    const { status, body } = await post<Order>(`${service.url()}/orders`, ORDER, { prefer: 'wait=30' });
    expect([status, body.status]).toEqual([201, 'APPROVED']);
  },
  60_000,
);

test('while the broker is away, a request that comes again is told what the first one has begun', async () => {
  const key = { 'idempotency-key': randomUUID() };
  const first = await post<Order>(`${service.url()}/orders`, ORDER, { ...key, prefer: 'wait=30' });
  expect([first.status, first.body.status]).toEqual([201, 'APPROVED']);
  toBroker.cut();
  const again = await post<Order>(`${service.url()}/orders`, ORDER, key);
  const waiting = await post<Order>(`${service.url()}/orders`, ORDER, { ...key, prefer: 'wait=30' });
  const another = await post<Order>(`${service.url()}/orders`, { ...ORDER, price: 1 }, key);
  const fresh = await post<Order>(`${service.url()}/orders`, ORDER, { 'idempotency-key': randomUUID() });
  toBroker.restore();
  await service.untilReady();
  expect([again, waiting, another, fresh].map(({ status }) => status)).toEqual([202, 201, 422, 503]);
  for (const { body, headers } of [again, waiting])
    expect([body, headers.get('idempotent-replayed')]).toEqual([first.body, 'true']);
}, 60_000);

test('an order whose COMMIT was answered to nobody is found, answered, and decided', async () => {
  const before = await orderCount();
  const key = { 'idempotency-key': randomUUID(), prefer: 'wait=30' };
  const cuts = toDatabase.atCommit({ of: /insert into orders/, how: 'cut-after', times: 1 });
  const { status, body } = await post<Order>(`${service.url()}/orders`, ORDER, key);
  expect(cuts()).toBe(1);
  expect(service.output()).toContain('the connection was lost during COMMIT');
  expect([status, body.status]).toEqual([201, 'APPROVED']);
  const again = await post<Order>(`${service.url()}/orders`, ORDER, key);
  expect(again.body.id).toBe(body.id);
  expect(await orderCount()).toBe(before + 1);
}, 60_000);

test('what was taken stays true when the database goes away during the wait', async () => {
  const waiting = post<Order>(`${service.url()}/orders`, { ...ORDER, restaurantId: 3 }, { prefer: 'wait=3' });
  await waitFor('the order', async () => {
    const page = await get<{ orders: (Order & { restaurantId: number })[] }>(`${stack.url('order-service')}/orders`);
    return page.body.orders.some(({ restaurantId, status }) => restaurantId === 3 && status === 'APPROVAL_PENDING');
  });
  toDatabase.cut();
  const { status, body } = await waiting;
  toDatabase.restore();
  expect([status, body.status]).toEqual([202, 'APPROVAL_PENDING']);
  await waitFor('the decision', async () => {
    const { body: now } = await get<Order>(`${stack.url('order-service')}/orders/${body.id}`);
    return now.status === 'REJECTED';
  });
}, 60_000);

import { sql, type Kysely } from 'kysely';
import {
  connectTransport,
  createOrchestrator,
  migrate,
  openDatabase,
  orchestratorMigrations,
  type Logger,
  type Transport,
} from 'saga-core';
import { createLogger } from 'service-kit';
import { createTestBroker, type TestBroker } from '../../../../test/support/broker.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { startPostgresProxy, type PostgresProxy } from '../../../../test/support/postgres-proxy.js';
import { waitFor } from '../../../../test/support/wait-for.js';
import { createOrderSaga } from '../create-order-saga/create-order-saga.js';
import type { OrderDatabase } from '../database.js';
import { orderMigrations } from '../migrations/index.js';
import { orderIntake, type OrderRequest } from './order-intake.js';
import { newOrder } from './order-examples.js';

/** What is written when orders are taken. */
const INTAKE = /insert into orders\b/;

let logger: Logger;
let testDatabase: TestDatabase;
let broker: TestBroker;
let proxy: PostgresProxy;
let transport: Transport;
/** Not connected to any broker: what it starts stays pending. */
let nowhere: Transport;
let database: Kysely<OrderDatabase>;
let proxied: Kysely<OrderDatabase>;
beforeAll(async () => {
  logger = await createLogger('test', 'silent');
  testDatabase = await createTestDatabase('order_intake');
  broker = await createTestBroker('order_intake');
  proxy = await startPostgresProxy(testDatabase.url);
  database = openDatabase(testDatabase.url);
  proxied = openDatabase(proxy.through(testDatabase.url));
  await migrate(database, { table: 'saga_migration', migrations: orchestratorMigrations });
  await migrate(database, { table: 'app_migration', migrations: orderMigrations });
  transport = connectTransport({ urls: [broker.amqpUrl], name: 'order-intake-test', logger });
  nowhere = connectTransport({ urls: ['amqp://127.0.0.1:1'], name: 'order-intake-test', logger });
  await waitFor('the broker', () => transport.canPublish());
}, 30_000);
afterAll(async () => {
  await Promise.all([transport.close(), nowhere.close()]);
  await Promise.all([database.destroy(), proxied.destroy()]);
  await Promise.all([proxy.close(), broker.drop(), testDatabase.drop()]);
}, 30_000);

const intake = (over: Kysely<OrderDatabase>, through: Transport = transport) => {
  const orchestrator = createOrchestrator<OrderDatabase>({
    sagas: [createOrderSaga],
    database: over,
    transport: nowhere,
    logger,
  });
  return orderIntake({ database: over, orchestrator, transport: through, logger });
};
const request = (changes: Partial<OrderRequest> = {}): OrderRequest => ({
  order: newOrder,
  idempotencyKey: null,
  traceparent: null,
  ...changes,
});
const counts = async () => {
  const { rows } = await sql<{ orders: number; sagas: number; keys: number }>`
    select (select count(*)::integer from orders) as orders, (select count(*)::integer from saga_instance) as sagas,
      (select count(*)::integer from idempotency_key) as keys`.execute(database);
  return rows[0]!;
};

test('orders that come together share transactions, and each has its saga', async () => {
  const take = intake(database);
  const before = await counts();
  const taken = await Promise.all(Array.from({ length: 300 }, () => take(request())));
  const after = await counts();
  expect([after.orders - before.orders, after.sagas - before.sagas]).toEqual([300, 300]);
  expect(new Set(taken.map(({ order }) => order.id)).size).toBe(300);
  const ids = taken.map(({ order }) => order.id);
  const { rows } = await sql<{ transactions: number; with_saga: number }>`
    select count(distinct orders.xmin::text)::integer as transactions, count(saga_instance.saga_id)::integer as with_saga
    from orders left join saga_instance using (saga_id) where order_id = any(${ids}::uuid[])`.execute(database);
  expect(rows[0]!.with_saga).toBe(300);
  expect(rows[0]!.transactions).toBeLessThan(10);
});

test('an order is given as it was stored, with the trace context of its caller on its saga', async () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const { order, replayed } = await intake(database)(request({ traceparent }));
  expect(order).toMatchObject({ ...newOrder, status: 'APPROVAL_PENDING', rejection: null });
  expect(replayed).toBe(false);
  const { rows } = await sql<{ traceparent: string }>`
    select traceparent from saga_instance where saga_id = ${order.sagaId}`.execute(database);
  expect(rows).toEqual([{ traceparent }]);
});

test('of equal keys, in one process and in two, one begins the order', async () => {
  const processes = [intake(database), intake(database)];
  const keys = Array.from({ length: 20 }, (_, index) => `key ${index}`);
  const before = await counts();
  // In opposite orders, which would deadlock if they were claimed as they come.
  const taken = await Promise.all(
    processes.flatMap((take, index) =>
      (index === 0 ? keys : keys.toReversed()).flatMap((idempotencyKey) => [
        take(request({ idempotencyKey })),
        take(request({ idempotencyKey })),
      ]),
    ),
  );
  const after = await counts();
  expect([after.orders - before.orders, after.sagas - before.sagas, after.keys - before.keys]).toEqual([20, 20, 20]);
  expect(new Set(taken.map(({ order }) => order.id)).size).toBe(20);
  expect(taken.filter(({ replayed }) => !replayed)).toHaveLength(20);
});

test('a key that came with another body is refused, also beside the first', async () => {
  const take = intake(database);
  const other = { ...newOrder, price: 1 };
  const results = await Promise.allSettled([
    take(request({ idempotencyKey: 'once' })),
    take(request({ idempotencyKey: 'once', order: other })),
  ]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  await expect(take(request({ idempotencyKey: 'once', order: other }))).rejects.toMatchObject({
    statusCode: 422,
    kind: { code: 'IDEMPOTENCY_KEY_REUSED' },
  });
});

test('an order that the database refuses fails alone, and leaves nothing behind', async () => {
  const take = intake(database);
  const before = await counts();
  const poison = { ...newOrder, items: [{ name: 'NUL \0', quantity: 1 }] };
  const results = await Promise.allSettled([
    take(request()),
    take(request({ order: poison, idempotencyKey: 'poison' })),
    take(request()),
  ]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  const after = await counts();
  expect([after.orders - before.orders, after.sagas - before.sagas, after.keys - before.keys]).toEqual([2, 2, 0]);
});

describe('nothing is kept, and that is what the caller is told', () => {
  const notTaken = {
    statusCode: 503,
    message: expect.stringContaining('not taken'),
    retryAfterSeconds: expect.any(Number),
  };

  test('without a broker', async () => {
    const before = await counts();
    await expect(intake(database, nowhere)(request())).rejects.toMatchObject(notTaken);
    expect(await counts()).toEqual(before);
  });

  test('without a database', async () => {
    const before = await counts();
    proxy.cut();
    const take = intake(proxied);
    const results = await Promise.allSettled(Array.from({ length: 10 }, () => take(request())));
    proxy.restore();
    for (const result of results) expect(result).toMatchObject({ status: 'rejected', reason: notTaken });
    expect(await counts()).toEqual(before);
  });

  test('when the connection is lost before COMMIT', async () => {
    const before = await counts();
    const cuts = proxy.atCommit({ of: INTAKE, how: 'cut-before', times: 1 });
    await expect(intake(proxied)(request({ idempotencyKey: 'lost' }))).rejects.toMatchObject(notTaken);
    expect(cuts()).toBe(1);
    expect(await counts()).toEqual(before);
  });
});

describe('when the answer to COMMIT is lost', () => {
  test('the orders are looked up and given', async () => {
    const take = intake(proxied);
    const before = await counts();
    const cuts = proxy.atCommit({ of: INTAKE, how: 'cut-after', times: 1 });
    const taken = await Promise.all(Array.from({ length: 5 }, () => take(request())));
    expect(cuts()).toBe(1);
    expect((await counts()).orders - before.orders).toBe(5);
    for (const { order } of taken) expect(order).toMatchObject({ status: 'APPROVAL_PENDING', ...newOrder });
  });

  test('and the database stays away, this is said, with the id under which the order can be found', async () => {
    const before = await counts();
    const cuts = proxy.atCommit({ of: INTAKE, how: 'cut-after', times: 1, andThen: () => proxy.cut() });
    const [result] = await Promise.allSettled([intake(proxied)(request({ idempotencyKey: 'unknown' }))]);
    expect(cuts()).toBe(1);
    proxy.restore();
    expect(result).toMatchObject({
      status: 'rejected',
      reason: {
        statusCode: 503,
        kind: { code: 'OUTCOME_UNKNOWN' },
        message: expect.stringContaining('Idempotency-Key'),
      },
    });
    expect((await counts()).orders - before.orders).toBe(1);
    const { orderId } = (result as unknown as { reason: { orderId: string } }).reason;
    const again = await intake(proxied)(request({ idempotencyKey: 'unknown' }));
    expect(again).toMatchObject({ replayed: true, order: { id: orderId } });
  }, 20_000);
});

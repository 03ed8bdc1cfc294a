import { sql, type Kysely, type Transaction } from 'kysely';
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
import { openForeignSession } from '../../../../test/support/foreign-session.js';
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

type Parts = Parameters<typeof orderIntake>[0];
const intake = (
  over: Kysely<OrderDatabase>,
  through: Transport = transport,
  adapt = (orchestrator: Parts['orchestrator']): Partial<Parts['orchestrator']> => orchestrator,
) => {
  const orchestrator = createOrchestrator<OrderDatabase>({
    sagas: [createOrderSaga],
    database: over,
    transport: nowhere,
    logger,
  });
  const adapted: Parts['orchestrator'] = {
    start: orchestrator.start,
    isOverloadedBy: orchestrator.isOverloadedBy,
    ...adapt(orchestrator),
  };
  return orderIntake({ database: over, orchestrator: adapted, transport: through, logger });
};
const nowhereNow = () => nowhere;
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
  await sql`alter table orders add constraint no_poison check (items::text not like '%poison%')`.execute(database);
  const poison = { ...newOrder, items: [{ name: 'poison', quantity: 1 }] };
  const results = await Promise.allSettled([
    take(request()),
    take(request({ order: poison, idempotencyKey: 'poison' })),
    take(request()),
  ]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  const after = await counts();
  expect([after.orders - before.orders, after.sagas - before.sagas, after.keys - before.keys]).toEqual([2, 2, 0]);
  await sql`alter table orders drop constraint no_poison`.execute(database);
});

describe('an order that cannot be taken takes no other with it', () => {
  const GUILTY = { ...newOrder, price: 666 };
  /** @returns an intake where a start with the guilty one fails as `fail` does; and how many starts there were */
  const intakeThatFails = (fail: (tx: Transaction<OrderDatabase>) => Promise<unknown>) => {
    let starts = 0;
    const take = intake(database, transport, ({ start }) => ({
      start: async (tx, saga, instances) => {
        starts++;
        if (instances.some(({ data }) => (data as { price?: number }).price === GUILTY.price)) await fail(tx);
        return start(tx, saga, instances);
      },
    }));
    return { take, starts: () => starts };
  };

  test.each<[string, (tx: Transaction<OrderDatabase>) => Promise<unknown>]>([
    ['throws', () => Promise.reject(new Error('guilty'))],
    [
      'throws what looks like an outage',
      () => Promise.reject(Object.assign(new Error('no such file'), { code: 'ENOENT' })),
    ],
    ['breaks its transaction', (tx) => sql`select 1 / 0`.execute(tx)],
    ['breaks its transaction and hides it', (tx) => sql`select 1 / 0`.execute(tx).catch(() => undefined)],
    ['fails at COMMIT', (tx) => sql`insert into deferred (other) values (0)`.execute(tx)],
    ['ends its session', (tx) => sql`select pg_terminate_backend(pg_backend_pid())`.execute(tx)],
    ['loses against another transaction', () => Promise.reject(Object.assign(new Error('lost'), { code: '40001' }))],
  ])('when it %s', async (_how, fail) => {
    await sql`create table if not exists deferred (id serial primary key,
      other integer references deferred deferrable initially deferred)`.execute(database);
    const { take, starts } = intakeThatFails(fail);
    const before = await counts();
    const results = await Promise.allSettled(
      Array.from({ length: 200 }, (_each, index) => take(request({ order: index === 77 ? GUILTY : newOrder }))),
    );
    expect(results.flatMap(({ status }, index) => (status === 'rejected' ? [index] : []))).toEqual([77]);
    const after = await counts();
    expect([after.orders - before.orders, after.sagas - before.sagas]).toEqual([199, 199]);
    // Halved, not tried one by one.
    expect(starts()).toBeLessThan(25);
  });

  test('also beside others with keys, of which each is answered for its own order', async () => {
    const { take } = intakeThatFails(() => Promise.reject(new Error('guilty')));
    const taken = await Promise.allSettled(
      Array.from({ length: 40 }, (_each, index) =>
        take(
          request({
            order: index === 5 ? GUILTY : { ...newOrder, price: 1_000 + index },
            idempotencyKey: index % 2 ? `beside the guilty one ${index}` : null,
          }),
        ),
      ),
    );
    const prices = taken.map((result) => (result.status === 'fulfilled' ? result.value.order.price : null));
    expect(prices).toEqual(prices.map((_price, index) => (index === 5 ? null : 1_000 + index)));
  });

  test('what fails after the commit changes nothing', async () => {
    const take = intake(database, transport, () => ({
      start: async () => ({ publish: () => Promise.reject(new Error('an observer threw')) }),
    }));
    // No order was inserted by such a start: that this is said means that the process lives.
    await expect(take(request())).rejects.toThrow('is gone');
  });
});

describe('an Idempotency-Key that another transaction holds', () => {
  const hold = async (key: string) => {
    const holder = await openForeignSession(testDatabase.url);
    await holder.query('begin');
    await holder.query(
      `insert into idempotency_key (key, request_hash, order_id) values ('${key}', 'another', gen_random_uuid())`,
    );
    return holder;
  };
  const held = (idempotencyKey: string) => request({ idempotencyKey });

  test('holds nobody else up, and is told to come again', async () => {
    const holder = await hold('held');
    try {
      const take = intake(database);
      const waiting = Promise.allSettled([take(held('held')), take(held('held'))]);
      let isOver = false;
      void waiting.then(() => (isOver = true));
      // Beside it and after it, with keys and without.
      for (const round of [1, 2, 3])
        await Promise.all(
          Array.from({ length: 50 }, (_each, index) =>
            take(request({ idempotencyKey: index % 3 ? null : `free ${round} ${index}` })),
          ),
        );
      expect(isOver).toBe(false);
      for (const result of await waiting)
        expect(result).toMatchObject({
          status: 'rejected',
          reason: {
            statusCode: 503,
            kind: { code: 'IDEMPOTENCY_KEY_IN_USE' },
            message: expect.stringContaining('send the same one again'),
            retryAfterSeconds: expect.any(Number),
          },
        });
    } finally {
      await holder.end();
    }
    expect(await intake(database)(held('held'))).toMatchObject({ replayed: false });
  }, 20_000);

  test.each([
    ['commits', 'is answered with what that has begun', 422],
    ['rolls back', 'begins its order', null],
  ])(
    'when that %s, %s',
    async (how, _what, status) => {
      const key = `held until it ${how}`;
      const holder = await hold(key);
      const outcome = Promise.allSettled([intake(database)(held(key))]);
      try {
        await holder.untilItBlocks();
        await holder.query(how === 'commits' ? 'commit' : 'rollback');
      } finally {
        await holder.end();
      }
      const [result] = await outcome;
      expect(result).toMatchObject(
        status === null ? { status: 'fulfilled', value: { replayed: false } } : { reason: { statusCode: status } },
      );
    },
    20_000,
  );

  test('many of them leave connections for others', async () => {
    const holder = await openForeignSession(testDatabase.url);
    try {
      await holder.query('begin');
      await holder.query(`insert into idempotency_key (key, request_hash, order_id)
        select 'many ' || n, 'another', gen_random_uuid() from generate_series(1, 30) n`);
      const take = intake(database);
      const waiting = Promise.allSettled(Array.from({ length: 30 }, (_each, index) => take(held(`many ${index + 1}`))));
      let isOver = false;
      void waiting.then(() => (isOver = true));
      for (let round = 0; round < 5; round++) await Promise.all(Array.from({ length: 50 }, () => take(request())));
      expect(isOver).toBe(false);
      await holder.query('rollback');
      for (const result of await waiting) expect(result.status).toBe('fulfilled');
    } finally {
      await holder.end();
    }
  }, 30_000);
});

describe('what an earlier request has begun is told', () => {
  const overloaded = () => ({ isOverloadedBy: () => true });
  test.each([
    ['the broker is away', nowhereNow, undefined],
    ['the system is overloaded', () => transport, overloaded],
  ])('while %s', async (what, through, adapt) => {
    const idempotencyKey = `begun before ${what}`;
    const { order } = await intake(database)(request({ idempotencyKey }));
    const take = intake(database, through(), adapt);
    expect(await take(request({ idempotencyKey }))).toEqual({ order, replayed: true });
    await expect(take(request({ idempotencyKey, order: { ...newOrder, price: 1 } }))).rejects.toMatchObject({
      statusCode: 422,
    });
    const before = await counts();
    await expect(take(request({ idempotencyKey: `${idempotencyKey}, another` }))).rejects.toMatchObject({
      message: expect.stringContaining('not taken'),
    });
    expect(await counts()).toEqual(before);
  });

  test('not to know it is no refusal to have taken it', async () => {
    proxy.cut();
    const [offline] = await Promise.allSettled([
      intake(proxied, nowhere)(request({ idempotencyKey: 'begun, perhaps' })),
    ]);
    const [online] = await Promise.allSettled([intake(proxied)(request({ idempotencyKey: 'begun, perhaps' }))]);
    proxy.restore();
    for (const result of [offline, online])
      expect(result).toMatchObject({
        reason: { statusCode: 503, message: expect.stringContaining('could not be looked up') },
      });
  });

  test('when the answer to its COMMIT is lost', async () => {
    const idempotencyKey = 'begun, and its replay lost';
    const { order } = await intake(database)(request({ idempotencyKey }));
    const cuts = proxy.atCommit({ of: /insert into idempotency_key/, how: 'cut-after', times: 1 });
    expect(await intake(proxied)(request({ idempotencyKey }))).toEqual({ order, replayed: true });
    expect(cuts()).toBe(1);
  });

  test('of equal keys in a batch whose answer to COMMIT is lost, all are given the order', async () => {
    const cuts = proxy.atCommit({ of: INTAKE, how: 'cut-after', times: 1 });
    const take = intake(proxied);
    const same = () => take(request({ idempotencyKey: 'lost together' }));
    const taken = await Promise.all([same(), same(), same()]);
    expect(cuts()).toBe(1);
    expect(new Set(taken.map(({ order }) => order.id)).size).toBe(1);
    expect(taken.map(({ replayed }) => replayed)).toEqual([false, true, true]);
  });
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

  test('they are looked up aside: who comes after them is answered meanwhile', async () => {
    const cuts = proxy.atCommit({ of: INTAKE, how: 'cut-after', times: 1, andThen: () => proxy.cut() });
    const take = intake(proxied);
    const lost = Promise.allSettled([take(request())]).then(() => 'the lost one');
    const next = waitFor('the commit', () => cuts() > 0).then(async () => {
      await Promise.allSettled([take(request())]);
      return 'the next one';
    });
    expect(await Promise.race([lost, next])).toBe('the next one');
    await lost;
    proxy.restore();
  }, 20_000);

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

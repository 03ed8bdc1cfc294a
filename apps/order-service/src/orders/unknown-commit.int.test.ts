import { sql, type Kysely } from 'kysely';
import { migrate, openDatabase, type Logger } from 'saga-core';
import { createLogger } from 'service-kit';
import { uuidv7 } from 'uuidv7';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { waitFor } from '../../../../test/support/wait-for.js';
import type { OrderDatabase } from '../database.js';
import { orderMigrations } from '../migrations/index.js';
import { createOrders } from './create-orders.js';
import { newOrder } from './order-examples.js';
import { findOrders } from './order-queries.js';
import { findCommitted } from './unknown-commit.js';

let logger: Logger;
let testDatabase: TestDatabase;
let database: Kysely<OrderDatabase>;
beforeAll(async () => {
  logger = await createLogger('test', 'silent');
  testDatabase = await createTestDatabase('unknown_commit');
  database = openDatabase(testDatabase.url);
  await migrate(database, { table: 'app_migration', migrations: orderMigrations });
});
afterAll(async () => {
  await database.destroy();
  await testDatabase.drop();
});

const insert = (tx: Parameters<typeof createOrders.handleBatch>[0], orderId: string) =>
  createOrders.handleBatch(tx, [{ sagaId: uuidv7(), failure: null, data: { orderId, ...newOrder } }]);

test('what is committed is given; of what is not, nothing is left', async () => {
  const [there, missing] = [uuidv7(), uuidv7()];
  await database.transaction().execute((tx) => insert(tx, there));
  const found = await findCommitted(database, [missing, there], logger);
  expect([...found!.keys()]).toEqual([there]);
  expect(found!.get(there)).toMatchObject(newOrder);
  expect([...(await findOrders(database, [missing, there])).keys()]).toEqual([there]);
});

test.each([
  ['commits', true],
  ['rolls back', false],
])('a transaction that is still running is waited for, until it %s', async (_how, commits) => {
  const orderId = uuidv7();
  const running = await database.startTransaction().execute();
  await insert(running, orderId);
  const found = findCommitted(database, [orderId], logger);
  await waitFor('a lock to be waited for', async () => {
    const { rows } = await sql`
      select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(database);
    return rows.length > 0;
  });
  await (commits ? running.commit() : running.rollback()).execute();
  expect((await found)!.has(orderId)).toBe(commits);
});

test('a transaction that does not end leaves the outcome unknown', async () => {
  const orderId = uuidv7();
  const running = await database.startTransaction().execute();
  await insert(running, orderId);
  expect(await findCommitted(database, [orderId], logger)).toBeNull();
  await running.rollback().execute();
}, 20_000);

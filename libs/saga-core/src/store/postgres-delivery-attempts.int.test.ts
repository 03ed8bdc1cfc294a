import type { Kysely } from 'kysely';
import { uuidv7 } from 'uuidv7';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { SAGA_MIGRATION_TABLE, participantMigrations } from './migrations/index.js';
import { migrate } from './migrate.js';
import { openDatabase } from './open-database.js';
import { postgresDeliveryAttempts } from './postgres-delivery-attempts.js';

let testDatabase: TestDatabase;
let database: Kysely<unknown>;

beforeAll(async () => {
  testDatabase = await createTestDatabase('delivery_attempts');
  database = openDatabase(testDatabase.url, { poolSize: 2 });
  await migrate(database, { table: SAGA_MIGRATION_TABLE, migrations: participantMigrations });
});

afterAll(async () => {
  await database.destroy();
  await testDatabase.drop();
});

it('counts attempts that were begun and not finished, each by its identity and routing key', async () => {
  const attempts = postgresDeliveryAttempts(database);
  const [one, two] = [1, 2].map((sequence) => ({ sagaId: uuidv7(), sequence, routingKey: 'hotel.book' }));
  const reply = { ...one!, routingKey: 'hotel.book.response.success' };
  await attempts.begin([one!, two!]);
  await attempts.begin([two!]);
  expect(await attempts.unfinished([reply, two!, one!])).toEqual([0, 2, 1]);
  await attempts.finish([two!]);
  expect(await attempts.unfinished([one!, two!])).toEqual([1, 0]);
});

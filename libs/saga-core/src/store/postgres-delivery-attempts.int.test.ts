import type { Kysely } from 'kysely';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { describeDeliveryAttempts } from '../testing/port-suites/delivery-attempts.suite.js';
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

describeDeliveryAttempts('PostgreSQL', () => postgresDeliveryAttempts(database));

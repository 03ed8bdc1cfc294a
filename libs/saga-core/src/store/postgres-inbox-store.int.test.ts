import type { Kysely } from 'kysely';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import type { InboxStore } from '../participant/inbox-store.js';
import { describeInboxStore } from '../testing/port-suites/inbox-store.suite.js';
import { SAGA_MIGRATION_TABLE, participantMigrations } from './migrations/index.js';
import { migrate } from './migrate.js';
import { openDatabase } from './open-database.js';
import { postgresInboxStore } from './postgres-inbox-store.js';

let testDatabase: TestDatabase;
let database: Kysely<unknown>;
let inbox: InboxStore<unknown>;

beforeAll(async () => {
  testDatabase = await createTestDatabase('inbox_store');
  database = openDatabase(testDatabase.url, { poolSize: 4 });
  await migrate(database, { table: SAGA_MIGRATION_TABLE, migrations: participantMigrations });
  inbox = postgresInboxStore(database);
});

afterAll(async () => {
  await database.destroy();
  await testDatabase.drop();
});

describeInboxStore('PostgreSQL', () => inbox);

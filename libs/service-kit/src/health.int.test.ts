import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { openDatabase } from 'saga-core';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.js';
import { healthRoutes, type HealthSources } from './health.js';
import { createHttpApp } from './http-app.js';
import { createLogger } from './logger.js';

let testDatabase: TestDatabase;
let database: Kysely<unknown>;
const name = () => sql.id(new URL(testDatabase.url).pathname.slice(1));
const fine = { isReady: () => true };

beforeAll(async () => {
  testDatabase = await createTestDatabase('health');
});
beforeEach(() => {
  database = openDatabase(testDatabase.url, { poolSize: 1 });
});
afterEach(() => database.destroy());
afterAll(() => testDatabase.drop());

/** @returns what readiness says of a database */
async function readiness(sources: Partial<HealthSources>): Promise<unknown> {
  const app = createHttpApp(await createLogger('health', 'silent'));
  healthRoutes(app, { database, transport: fine, worker: fine, ...sources });
  const answer = await app.inject('/health/ready');
  await app.close();
  return answer.json();
}

const READY = { status: 'ready' };
const FAILING = { status: 'not ready', checks: { database: 'failing', broker: 'ok', consumers: 'ok' } };

it('is there when the database answers as it should, and what requests ask of it as well', async () => {
  expect(await readiness({})).toMatchObject(READY);
  expect(await readiness({ probe: () => sql`select 1`.execute(database) })).toMatchObject(READY);
  expect(await readiness({ probe: () => sql`select from gone`.execute(database) })).toEqual(FAILING);
});

it('is not there when the database only reads', async () => {
  await sql`alter database ${name()} set default_transaction_read_only = on`.execute(database);
  const another = openDatabase<unknown>(testDatabase.url, { poolSize: 1 });
  expect(await readiness({ database: another })).toEqual(FAILING);
  await another.destroy();
  await sql`alter database ${name()} reset default_transaction_read_only`.execute(database);
});

it('is not there when dates cannot be read', async () => {
  await sql`alter database ${name()} set datestyle = 'German'`.execute(database);
  const careless = new Kysely({
    dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: testDatabase.url }) }),
  });
  expect(await readiness({ database: careless })).toEqual(FAILING);
  await careless.destroy();
  const another = openDatabase<unknown>(testDatabase.url, { poolSize: 1 });
  expect(await readiness({ database: another })).toMatchObject(READY);
  await another.destroy();
  await sql`alter database ${name()} reset datestyle`.execute(database);
});

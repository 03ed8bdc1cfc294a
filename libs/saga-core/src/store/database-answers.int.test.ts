import { createServer, type AddressInfo } from 'node:net';
import { Kysely, PostgresDialect, sql } from 'kysely';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { databaseAnswers } from './database-answers.js';
import { openDatabase } from './open-database.js';

let testDatabase: TestDatabase;
/** One connection, which others can be kept from. */
let database: Kysely<unknown>;
const name = () => sql.id(new URL(testDatabase.url).pathname.slice(1));

beforeAll(async () => {
  testDatabase = await createTestDatabase('database_answers');
});
beforeEach(() => {
  database = openDatabase(testDatabase.url, { poolSize: 1 });
});
afterEach(() => database.destroy());
afterAll(() => testDatabase.drop());

/** Has the only connection taken while work is done. */
const withoutConnection = (work: () => Promise<void>) =>
  database.transaction().execute(async (tx) => {
    await sql`select 1`.execute(tx);
    await work();
  });

it('answers, also while the pool has no connection to spare, or all of its own are broken', async () => {
  expect(await databaseAnswers(database)).toBe(true);
  await withoutConnection(async () => expect(await databaseAnswers(database)).toBe(true));
  await expect(sql`select pg_terminate_backend(pg_backend_pid())`.execute(database)).rejects.toThrow();
  expect(await databaseAnswers(database)).toBe(true);
});

it('is asked through the pool when its server gives no further connection', async () => {
  const role = `${process.env.TEST_DATABASE_PREFIX ?? 'test_'}limited_${process.pid}`;
  await sql`create role ${sql.id(role)} login password 'secret' connection limit 1`.execute(database);
  const url = new URL(testDatabase.url);
  Object.assign(url, { username: role, password: 'secret' });
  const limited = openDatabase(url.href, { poolSize: 1 });
  try {
    await sql`select 1`.execute(limited);
    expect(await databaseAnswers(limited)).toBe(true);
    await limited.transaction().execute(async (tx) => {
      await sql`select 1`.execute(tx);
      expect(await databaseAnswers(limited)).toBe(false);
    });
  } finally {
    await limited.destroy();
    await sql`drop role ${sql.id(role)}`.execute(database);
  }
});

it('does not answer when it only reads', async () => {
  await sql`alter database ${name()} set default_transaction_read_only = on`.execute(database);
  expect(await databaseAnswers(database)).toBe(false);
  await sql`alter database ${name()} reset default_transaction_read_only`.execute(database);
  expect(await databaseAnswers(database)).toBe(true);
});

it('does not answer when nobody listens, nor when who listens says nothing', async () => {
  const silent = createServer((socket) => void socket.on('error', () => undefined).resume());
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  for (const port of [1, (silent.address() as AddressInfo).port]) {
    const away = openDatabase(`postgres://nobody@127.0.0.1:${port}/nothing`);
    expect(await databaseAnswers(away)).toBe(false);
    await away.destroy();
  }
  // No connection is left open, or this would wait for it.
  await new Promise((resolve) => silent.close(resolve));
});

it('is not asked of a database that was opened otherwise', async () => {
  const other = new Kysely({ dialect: new PostgresDialect({ pool: () => Promise.reject(new Error('none')) }) });
  await expect(databaseAnswers(other)).rejects.toThrow(TypeError);
});

it('looks for its table where the URL has each connection look', async () => {
  await sql`create schema own`.execute(database);
  await sql`create table own.looked_for ()`.execute(database);
  expect(await databaseAnswers(database, 'looked_for')).toBe(false);
  const url = new URL(testDatabase.url);
  url.searchParams.set('options', '-c search_path=own');
  const own = openDatabase(url.href, { poolSize: 1 });
  try {
    expect(await databaseAnswers(own, 'looked_for')).toBe(true);
  } finally {
    await own.destroy();
  }
});

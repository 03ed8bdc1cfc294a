import { Socket } from 'node:net';
import { sql, type Kysely } from 'kysely';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { openDatabase } from './open-database.js';

let testDatabase: TestDatabase;
/** One connection, so that what is left of it is met again. */
let database: Kysely<unknown>;

beforeAll(async () => {
  testDatabase = await createTestDatabase('open_database');
});
beforeEach(() => {
  database = openDatabase(testDatabase.url, { poolSize: 1 });
});
afterEach(() => database.destroy());
afterAll(() => testDatabase.drop());

const pid = async () => (await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(database)).rows[0]!.pid;

it('has the server end a session that leaves its transaction open', async () => {
  const { rows } = await sql<Record<string, string>>`show idle_in_transaction_session_timeout`.execute(database);
  expect(rows).toEqual([{ idle_in_transaction_session_timeout: '10s' }]);
});

it('replaces a session that finds its server read-only, within a transaction and without', async () => {
  for (const write of [
    () => sql`create table lost ()`.execute(database),
    () => database.transaction().execute((tx) => sql`create table lost ()`.execute(tx)),
  ]) {
    await sql`set default_transaction_read_only = on`.execute(database);
    const before = await pid();
    await expect(write()).rejects.toMatchObject({ code: '25006' });
    expect(await pid()).not.toBe(before);
  }
});

it('reports what broke a transaction, and not that a lost connection cannot roll back', async () => {
  const ended = database.transaction().execute((tx) => sql`select pg_terminate_backend(pg_backend_pid())`.execute(tx));
  await expect(ended).rejects.toMatchObject({ code: '57P01' });
});

it('sends BEGIN and the statement after it in one packet', async () => {
  const one = () => database.transaction().execute((tx) => sql`select ${1}::integer`.execute(tx));
  await one();
  const written = [jest.spyOn(Socket.prototype, '_write'), jest.spyOn(Socket.prototype, '_writev')];
  await one();
  const { port } = new URL(testDatabase.url);
  const packets = written
    .flatMap(({ mock }) => mock.contexts as Socket[])
    .filter(({ remotePort }) => remotePort === Number(port));
  // And COMMIT.
  expect(packets).toHaveLength(2);
  jest.restoreAllMocks();
});

import { sql, type Kysely } from 'kysely';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { openDatabase } from './open-database.js';
import { executeLast } from './pipelining-driver.js';

let testDatabase: TestDatabase;
let database: Kysely<unknown>;
beforeAll(async () => {
  testDatabase = await createTestDatabase('pipelining');
  // One connection: what a transaction leaves on it, the next one meets.
  database = openDatabase(testDatabase.url, { poolSize: 1 });
  await sql`create table entry (id integer primary key)`.execute(database);
});
afterAll(async () => {
  await database.destroy();
  await testDatabase.drop();
});
beforeEach(() => sql`truncate entry cascade`.execute(database));

const insert = (id: number) => sql`insert into entry values (${id})`;
const entries = async () =>
  (await sql<{ id: number }>`select id from entry order by id`.execute(database)).rows.map(({ id }) => id);

test('a transaction commits what it did, and undoes it when it throws', async () => {
  await database.transaction().execute(async (tx) => insert(1).execute(tx));
  await expect(
    database.transaction().execute(async (tx) => {
      await insert(2).execute(tx);
      throw new Error('no');
    }),
  ).rejects.toThrow('no');
  expect(await entries()).toEqual([1]);
});

test('a transaction without a statement is one all the same', async () => {
  await database.transaction().execute(() => Promise.resolve());
  expect(await entries()).toEqual([]);
});

test('the last statement is committed with all before it', async () => {
  const rows = await database.transaction().execute(async (tx) => {
    await insert(1).execute(tx);
    return executeLast(tx, sql<{ id: number }>`insert into entry values (2) returning id`);
  });
  expect(rows).toEqual([{ id: 2 }]);
  expect(await entries()).toEqual([1, 2]);
});

test('when the last statement fails nothing is committed, its error is told, and the connection serves on', async () => {
  await insert(1).execute(database);
  const failing = database.transaction().execute(async (tx) => {
    await insert(2).execute(tx);
    await executeLast(tx, insert(1));
  });
  await expect(failing).rejects.toMatchObject({ code: '23505' });
  expect(await entries()).toEqual([1]);
});

test('a COMMIT that fails is told, and nothing is kept', async () => {
  await sql`create table child (id integer references entry deferrable initially deferred)`.execute(database);
  const failing = database.transaction().execute(async (tx) => {
    await executeLast(tx, sql`insert into child values (99)`);
  });
  await expect(failing).rejects.toMatchObject({ code: '23503' });
  expect((await sql`select * from child`.execute(database)).rows).toEqual([]);
});

test('the transaction that follows one which was ended by its last statement is a new one', async () => {
  await database.transaction().execute((tx) => executeLast(tx, insert(1)));
  await expect(
    database.transaction().execute(async (tx) => {
      await insert(2).execute(tx);
      throw new Error('no');
    }),
  ).rejects.toThrow('no');
  await database.transaction().execute((tx) => insert(3).execute(tx));
  expect(await entries()).toEqual([1, 3]);
});

import { sql, type Kysely } from 'kysely';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { toJson } from './json.js';
import { openDatabase } from './open-database.js';
import { unnestRows } from './unnest-rows.js';

let testDatabase: TestDatabase;
let database: Kysely<unknown>;

beforeAll(async () => {
  testDatabase = await createTestDatabase('set_as_table');
  database = openDatabase(testDatabase.url, { poolSize: 1 });
});
afterAll(async () => {
  await database.destroy();
  await testDatabase.drop();
});

const AWKWARD = [
  '',
  'NULL',
  '{}',
  '"',
  '\\',
  '\\"',
  "'",
  ',',
  ' both ends ',
  'two\nlines\tand a tab',
  '\u2028',
  'Ω 🍕',
];

test('every text and every JSON comes out as it went in', async () => {
  const items = AWKWARD.map((text) => ({ text, json: { [text]: [text, null, 1.5, true] } }));
  const { rows } = await sql`select * from ${unnestRows('given', items, {
    place: ['integer', (_item, index) => index],
    words: ['text', ({ text }) => text],
    document: ['jsonb', ({ json }) => json],
    raw: ['json', ({ text }) => text],
  })} order by place`.execute(database);
  expect(rows).toEqual(items.map(({ text, json }, place) => ({ place, words: text, document: json, raw: text })));
});

test('what is missing is null; JSON may be made otherwise than by JSON.stringify', async () => {
  const { rows } = await sql`select * from ${unnestRows('given', [null, undefined, 'a\n\0b'], {
    document: ['json', (value) => value, toJson],
    words: ['text', (value) => (value === null ? null : 'x')],
  })}`.execute(database);
  expect(rows).toEqual([
    { document: null, words: null },
    { document: null, words: 'x' },
    { document: 'a\n\uFFFDb', words: 'x' },
  ]);
  const cannotBeStored = { document: ['jsonb', (value: string) => value] } as const;
  await expect(
    sql`select * from ${unnestRows('given', ['\0'], cannotBeStored)}`.execute(database),
  ).rejects.toMatchObject({ code: '22P05' });
});

test('numbers, booleans and ids keep their types; a batch of none is a table of none', async () => {
  const columns = {
    id: ['uuid', () => '0190b0a0-0000-7000-8000-000000000001'],
    amount: ['float8', () => -1.5e-7],
    open: ['boolean', () => false],
  } as const;
  const read = (items: readonly number[]) =>
    sql`select * from ${unnestRows('given', items, columns)}`.execute(database).then(({ rows }) => rows);
  expect(await read([1])).toEqual([{ id: '0190b0a0-0000-7000-8000-000000000001', amount: -1.5e-7, open: false }]);
  expect(await read([])).toEqual([]);
});

test('a statement that was prepared when its table was empty goes on using the key when it has grown', async () => {
  await sql`create table thing (id integer primary key, size integer) with (autovacuum_enabled = off)`.execute(
    database,
  );
  const grow = (ids: readonly number[]) =>
    sql`update thing set size = given.size from ${unnestRows('given', ids, {
      id: ['integer', (id) => id],
      size: ['integer', () => 1],
    })} where thing.id = given.id`.execute(database);
  for (let time = 0; time < 10; time++) await grow([1, 2, 3]);
  await sql`insert into thing select generate_series(1, 10000), 0`.execute(database);
  const scans = async () => {
    await sql`select pg_stat_force_next_flush()`.execute(database);
    const { rows } = await sql<{ seq: number; index: number }>`
      select seq_scan::integer as seq, idx_scan::integer as index from pg_stat_user_tables where relname = 'thing'`.execute(
      database,
    );
    return rows[0]!;
  };
  const before = await scans();
  await grow([7, 8, 9]);
  expect(await scans()).toEqual({ seq: before.seq, index: before.index + 3 });
});

import { sql, type Kysely } from 'kysely';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { openDatabase, type DatabaseOptions } from './open-database.js';

let testDatabase: TestDatabase;
const opened: Kysely<unknown>[] = [];
const name = () => sql.id(new URL(testDatabase.url).pathname.slice(1));

beforeAll(async () => {
  testDatabase = await createTestDatabase('session_settings');
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((database) => database.destroy()));
});
afterAll(() => testDatabase.drop());

function open(options: DatabaseOptions = {}, parameters = ''): Kysely<unknown> {
  const database = openDatabase<unknown>(testDatabase.url + parameters, { poolSize: 1, ...options });
  opened.push(database);
  return database;
}

const show = async (database: Kysely<unknown>, setting: string) =>
  (await sql<{ value: string }>`select current_setting(${setting}) as value`.execute(database)).rows[0]!.value;

/** Has new sessions begin with settings that somebody likes better. */
async function withDefaults<Result>(
  defaults: Readonly<Record<string, string>>,
  work: () => Promise<Result>,
): Promise<Result> {
  const owner = open();
  for (const [setting, value] of Object.entries(defaults))
    await sql`alter database ${name()} set ${sql.raw(setting)} = ${sql.lit(value)}`.execute(owner);
  try {
    return await work();
  } finally {
    await sql`alter database ${name()} reset all`.execute(owner);
  }
}

const UNUSUAL = {
  datestyle: 'German',
  intervalstyle: 'iso_8601',
  timezone: 'Asia/Kathmandu',
  bytea_output: 'escape',
  extra_float_digits: '-15',
  array_nulls: 'off',
  transform_null_equals: 'on',
  standard_conforming_strings: 'off',
  exit_on_error: 'on',
  client_encoding: 'LATIN1',
  default_transaction_isolation: 'serializable',
  search_path: 'pg_catalog',
  synchronous_commit: 'off',
};

/** What statements of ours give: the same for whatever a role or a database has set. */
async function results(database: Kysely<unknown>): Promise<unknown> {
  const { rows } = await sql`
    select ${new Date(Date.UTC(2026, 1, 3, 4, 5, 6, 789))}::timestamptz as at, ${'2026-02-03'}::timestamp::timestamptz as midnight,
      interval '1 day 2 seconds' as span, '\\x00ff'::bytea as bytes, (extract(epoch from timestamptz '2026-02-03 04:05:06.789Z') * 1000)::float8 as ms,
      ${'{NULL,x}'}::text[] as texts, ${null}::text = null as compared, 'a\\b' as backslash, 'Zoë €' as text,
      current_setting('transaction_isolation') as isolation, current_schema() as schema, current_setting('synchronous_commit') as commits`.execute(
    database,
  );
  return rows[0];
}

describe.each([
  ['sessions of its own', {}],
  ['a pooler that gives each transaction another session', { transactionPooler: true }],
])('with %s', (_title, options: DatabaseOptions) => {
  it('gets the same from each statement, whatever the database has set as its defaults', async () => {
    const usual = await results(open(options));
    expect(usual).toMatchObject({
      at: new Date('2026-02-03T04:05:06.789Z'),
      midnight: new Date('2026-02-03T00:00:00.000Z'),
      ms: 1_770_091_506_789,
      texts: [null, 'x'],
      text: 'Zoë €',
      isolation: 'read committed',
      schema: 'public',
      commits: 'on',
    });
    await withDefaults(UNUSUAL, async () => {
      const database = open(options);
      expect(await results(database)).toEqual(usual);
      expect(await database.transaction().execute((tx) => results(tx))).toEqual(usual);
      await expect(sql`select 1 / 0`.execute(database)).rejects.toMatchObject({ code: '22012' });
      expect(await results(database)).toEqual(usual);
    });
  });

  it('has the server end what takes long, before the client gives it up; stricter limits stay', async () => {
    const limits = async (database: Kysely<unknown>) => [
      await show(database, 'statement_timeout'),
      await show(database, 'idle_in_transaction_session_timeout'),
      await show(database, 'lock_timeout'),
    ];
    expect(await limits(open(options))).toEqual(['15s', '10s', '0']);
    const stricter = { statement_timeout: '2s', idle_in_transaction_session_timeout: '1500ms', lock_timeout: '700ms' };
    expect(await withDefaults(stricter, () => limits(open(options)))).toEqual(['2s', '1500ms', '700ms']);
    const laxer = { statement_timeout: '1h', idle_in_transaction_session_timeout: '1d' };
    expect(await withDefaults(laxer, () => limits(open(options)))).toEqual(['15s', '10s', '0']);
  });

  it('lets the URL have the last word', async () => {
    const database = open(
      options,
      '?statement_timeout=3000&options=-c%20timezone%3DAsia/Kathmandu%20-c%20synchronous_commit%3Doff',
    );
    expect(await show(database, 'statement_timeout')).toBe('3s');
    expect(await show(database, 'timezone')).toBe('Asia/Kathmandu');
    expect(await show(database, 'synchronous_commit')).toBe('off');
  });

  it('looks into the schema that is named, and into no other', async () => {
    const database = open({ ...options, schema: 'The "other"' });
    expect(await show(database, 'search_path')).toBe('"The ""other"""');
  });
});

it('keeps nothing of a session behind a pooler, for it is another one each time', async () => {
  const database = open({ transactionPooler: true });
  await withDefaults({ timezone: 'Asia/Kathmandu' }, async () => {
    expect(await show(database, 'timezone')).toBe('UTC');
    const { rows } = await sql`select name from pg_prepared_statements`.execute(database);
    expect(rows).toEqual([]);
  });
});

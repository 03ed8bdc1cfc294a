import { Migrator, sql, type Kysely } from 'kysely';
import pino from 'pino';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { waitFor } from '../../../../test/support/wait-for.js';
import { migrate, type MigrateOptions } from './migrate.js';
import { orchestratorMigrations, participantMigrations, SAGA_MIGRATION_TABLE } from './migrations/index.js';
import { migrationSet, type Migrations } from './migrations/migration.js';
import { openDatabase, type DatabaseOptions } from './open-database.js';

const ALL_BUT_INTERVALS: FakeTimersConfig['doNotFake'] = [
  'Date',
  'hrtime',
  'nextTick',
  'performance',
  'queueMicrotask',
  'requestAnimationFrame',
  'cancelAnimationFrame',
  'requestIdleCallback',
  'cancelIdleCallback',
  'setImmediate',
  'clearImmediate',
  'setTimeout',
  'clearTimeout',
];

let testDatabase: TestDatabase;
let database: Kysely<unknown>;
const opened: Kysely<unknown>[] = [];

beforeEach(async () => {
  testDatabase = await createTestDatabase('migrate');
  database = open();
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.destroy()));
  await testDatabase.drop();
});

function open(options: DatabaseOptions = {}): Kysely<unknown> {
  const another = openDatabase<unknown>(testDatabase.url, { poolSize: 2, ...options });
  opened.push(another);
  return another;
}

const library = (migrations: Migrations): MigrateOptions => ({ table: SAGA_MIGRATION_TABLE, migrations });
const asOrchestrator = library(orchestratorMigrations);
const asParticipant = library(participantMigrations);
const creating = (table: string, compatible?: boolean) => ({
  up: (db: Kysely<unknown>) => sql`create table ${sql.id(table)} (id integer)`.execute(db).then(() => undefined),
  ...(compatible === undefined ? {} : { compatible }),
});

/** @returns the tables that there are, by schema */
async function tables(): Promise<Record<string, string[]>> {
  const { rows } = await sql<{ schema: string; table: string }>`
    select schemaname as schema, tablename as table from pg_tables
    where schemaname not in ('pg_catalog', 'information_schema') order by tablename`.execute(database);
  const found: Record<string, string[]> = {};
  for (const { schema, table } of rows) (found[schema] ??= []).push(table);
  return found;
}

/** What version 0.1.0 does: Kysely's Migrator, with the migrations that it knows. */
async function migrateAsOldVersion(migrations: Migrations, table = SAGA_MIGRATION_TABLE): Promise<void> {
  const { error } = await new Migrator({
    db: database,
    provider: { getMigrations: () => Promise.resolve({ ...migrations }) },
    migrationTableName: table,
    migrationLockTableName: `${table}_lock`,
  }).migrateToLatest();
  if (error) throw error as Error;
}

const LIBRARY_TABLES = [
  'saga_bulk_item',
  'saga_bulk_operation',
  'saga_delivery_attempt',
  'saga_history',
  'saga_inbox',
  'saga_inbox_horizon',
  'saga_instance',
  'saga_kept_reply',
  'saga_operator_act',
];
const theLibrarys = expect.arrayContaining(LIBRARY_TABLES) as string[];

describe('orchestrator and participant in one database', () => {
  it.each([
    ['the orchestrator first', [asOrchestrator, asParticipant]],
    ['the participant first', [asParticipant, asOrchestrator]],
  ])('%s', async (_title, runs) => {
    for (const run of [...runs, ...runs]) await migrate(database, run);
    expect((await tables()).public).toEqual(theLibrarys);
  });

  it('both at once, in several processes', async () => {
    const runs = [1, 2, 3].flatMap(() => [
      asOrchestrator,
      asParticipant,
      library({ ...orchestratorMigrations, ...participantMigrations }),
    ]);
    await Promise.all(runs.map((run) => migrate(open(), run)));
    expect((await tables()).public).toEqual(theLibrarys);
  });

  it('neither cares what a newer version has done to the other', async () => {
    await migrate(database, asOrchestrator);
    await migrate(
      database,
      library(migrationSet('participant', { ...participantMigrations, '999-new': creating('new', false) })),
    );
    await migrate(database, asOrchestrator);
    await expect(migrate(database, asParticipant)).rejects.toMatchObject({ code: 'DATABASE_TOO_NEW' });
  });
});

describe('a process of an older version beside a newer database', () => {
  const older = { '001-a': creating('a') };
  const run = (migrations: Migrations) => migrate(database, { table: 'app_migration', migrations });

  it('goes on where the newer migrations are compatible, and its own that came later run', async () => {
    await run({ ...older, '003-c': creating('c', true) });
    await run(older);
    await run({ ...older, '002-b': creating('b'), '003-c': creating('c', true) });
    expect((await tables()).public).toEqual(['a', 'app_migration_account', 'b', 'c']);
  });

  it('is refused where they are not, and nothing is changed', async () => {
    await run({ ...older, '002-b': creating('b', true), '003-c': creating('c') });
    const refused = run({ ...older, '004-d': creating('d') });
    await expect(refused).rejects.toMatchObject({
      code: 'DATABASE_TOO_NEW',
      message: expect.stringMatching(/: 003-c\./) as string,
    });
    expect((await tables()).public).not.toContain('d');
  });
});

describe('a database of version 0.1.0', () => {
  it.each([
    ['an orchestrator’s', orchestratorMigrations, participantMigrations],
    ['a participant’s', participantMigrations, orchestratorMigrations],
  ])('goes on as it is, gets what is new, and takes the other role: %s', async (_title, own, others) => {
    await migrateAsOldVersion(own);
    await sql`insert into saga_delivery_attempt values (gen_random_uuid(), 1, 'a.b', 1)`.execute(database);
    const set = own === orchestratorMigrations ? 'orchestrator' : 'participant';
    await migrate(database, library(migrationSet(set, { ...own, '999-new': creating('new', true) })));
    await migrate(database, library(others));
    expect((await sql`select from saga_delivery_attempt`.execute(database)).rows).toHaveLength(1);
    expect((await tables()).public).toEqual(expect.arrayContaining([...LIBRARY_TABLES, 'new']));
    // And a process of 0.1.0 can be started again.
    await migrateAsOldVersion(own);
  });

  it('keeps processes of 0.1.0 from starting again once they could not work with it', async () => {
    await migrateAsOldVersion(participantMigrations);
    await migrate(
      database,
      library(migrationSet('participant', { ...participantMigrations, '999-new': creating('new') })),
    );
    await expect(migrateAsOldVersion(participantMigrations)).rejects.toThrow(/999-new/);
  });
});

describe('one schema', () => {
  beforeEach(() => sql`create schema other`.execute(database));

  it('is public, also when others have tables of the same names, or the database looks elsewhere first', async () => {
    await sql`create table other.saga_migration (what text)`.execute(database);
    await sql`create table other.saga_instance (what text)`.execute(database);
    await sql`alter database ${sql.id(new URL(testDatabase.url).pathname.slice(1))} set search_path = other`.execute(
      database,
    );
    const another = open();
    await migrate(another, asOrchestrator);
    await migrate(another, asParticipant);
    const found = await tables();
    expect(found.public).toEqual(theLibrarys);
    expect(found.other).toEqual(['saga_instance', 'saga_migration']);
  });

  it('is the one that is named, which is created; several services can have theirs in one database', async () => {
    const [first, second] = [open({ schema: 'first' }), open({ schema: 'the "second"' })];
    await Promise.all([first, second].map((each) => migrate(each, asOrchestrator)));
    await Promise.all([first, second].map((each) => migrate(each, asParticipant)));
    await migrate(database, asParticipant);
    const found = await tables();
    expect(found.first).toEqual(theLibrarys);
    expect(found['the "second"']).toEqual(theLibrarys);
    expect(found.public).not.toContain('saga_instance');
  });

  it('is asked for where an earlier version has created the tables in another', async () => {
    await sql`alter database ${sql.id(new URL(testDatabase.url).pathname.slice(1))} set search_path = other`.execute(
      database,
    );
    await database.connection().execute(async (one) => {
      await sql`set search_path = other`.execute(one);
      await new Migrator({
        db: one,
        provider: { getMigrations: () => Promise.resolve({ ...orchestratorMigrations }) },
        migrationTableName: SAGA_MIGRATION_TABLE,
        migrationLockTableName: 'saga_migration_lock',
      }).migrateToLatest();
    });
    await expect(migrate(open(), asOrchestrator)).rejects.toMatchObject({
      code: 'INVALID_SETTING',
      message: /"other"/,
    });
    expect((await tables()).public).toBeUndefined();
    await migrate(open({ schema: 'other' }), asOrchestrator);
    expect((await tables()).other).toContain('saga_instance');
  });

  it('cannot be named by withSchema, which would split the tables', async () => {
    await expect(migrate(database.withSchema('other'), asOrchestrator)).rejects.toMatchObject({
      code: 'INVALID_SETTING',
    });
    expect(await tables()).toEqual({});
  });
});

describe('a migration that takes long', () => {
  const slow = (seconds: number): Migrations => ({
    '001-slow': { up: (db) => sql`select pg_sleep(${seconds})`.execute(db).then(() => undefined) },
  });

  it('is ended by no time limit, of the client, of the role or of the database', async () => {
    const name = sql.id(new URL(testDatabase.url).pathname.slice(1));
    for (const limit of [
      'statement_timeout',
      'lock_timeout',
      'idle_in_transaction_session_timeout',
      'transaction_timeout',
    ])
      await sql`alter database ${name} set ${sql.raw(limit)} = '300ms'`.execute(database);
    const limited = openDatabase<unknown>(testDatabase.url);
    opened.push(limited);
    await expect(sql`select pg_sleep(0.5)`.execute(limited)).rejects.toThrow(/timeout/);
    // Two at once: the second waits for the first.
    const run = () => migrate(limited, { table: 'app_migration', migrations: slow(0.8) });
    await Promise.all([run(), run()]);
    const { rows } = await sql`select name from app_migration_account`.execute(database);
    expect(rows).toEqual([{ name: '001-slow' }]);
  });

  it('is told of when it begins, while it goes on, and when it is done; and so is who waits for it', async () => {
    const lines: Record<string, unknown>[] = [];
    const logger = pino(
      { base: null },
      { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
    );
    const told = (msg: string) => lines.find((line) => line.msg === msg);
    let finish = () => undefined as void;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    const options = { table: 'app_migration', migrations: { '001-slow': { up: () => finished } }, logger };
    jest.useFakeTimers({ doNotFake: ALL_BUT_INTERVALS });
    try {
      const running = migrate(database, options);
      await waitFor('the migration to begin', () => told('migration begins'));
      const second = migrate(open(), options);
      await waitFor('the second to wait', () => told('another process migrates this database: waiting for it'));
      jest.advanceTimersByTime(10_000);
      finish();
      await Promise.all([running, second]);
    } finally {
      jest.useRealTimers();
    }
    const of = { migrations: 'app_migration', migration: '001-slow' };
    expect(told('migration goes on')).toMatchObject({ ...of, ms: expect.any(Number) as number });
    expect(lines.filter(({ msg }) => msg === 'migration done')).toEqual([expect.objectContaining(of)]);
  });

  it('ends with its process, also in the server', async () => {
    const stop = new AbortController();
    const running = migrate(database, { table: 'app_migration', migrations: slow(600), signal: stop.signal });
    const sleeping = async () =>
      (
        await sql`select from pg_stat_activity where datname = current_database() and query like '%pg_sleep($1)%' and state = 'active' and pid <> pg_backend_pid()`.execute(
          database,
        )
      ).rows.length > 0;
    await waitFor('the migration to run', sleeping);
    stop.abort(new Error('stopping'));
    await expect(running).rejects.toThrow('stopping');
    await waitFor('the server to have ended it', async () => !(await sleeping()));
    expect((await tables()).public).toBeUndefined();
  }, 30_000);
});

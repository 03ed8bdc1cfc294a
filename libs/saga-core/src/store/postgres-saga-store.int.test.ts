import { sql, type Kysely } from 'kysely';
import { uuidv7 } from 'uuidv7';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { waitFor } from '../../../../test/support/wait-for.js';
import { asSavedInJsonb } from '../contract/as-saved.js';
import type { SagaInstance } from '../engine/instance.js';
import type { SagaStore } from '../engine/saga-store.js';
import { ORDER_SAGA, awaiting, describeSagaStore, sagaInstance } from '../testing/port-suites/saga-store.suite.js';
import { isUnavailable } from './database-errors.js';
import { SAGA_MIGRATION_TABLE, orchestratorMigrations } from './migrations/index.js';
import { migrate } from './migrate.js';
import { openDatabase } from './open-database.js';
import { postgresSagaStore } from './postgres-saga-store.js';

let testDatabase: TestDatabase;
let database: Kysely<unknown>;
let store: SagaStore<unknown>;

beforeAll(async () => {
  testDatabase = await createTestDatabase('saga_store');
  database = openDatabase(testDatabase.url, { poolSize: 4 });
  // Two processes that start at once on an empty database.
  const other = openDatabase<unknown>(testDatabase.url);
  const migrations = { table: SAGA_MIGRATION_TABLE, migrations: orchestratorMigrations };
  await Promise.all([migrate(database, migrations), migrate(other, migrations)]);
  await other.destroy();
  store = postgresSagaStore(database);
});

afterAll(async () => {
  await database.destroy();
  await testDatabase.drop();
});

const insert = (...instances: SagaInstance[]) =>
  store.transaction((session) =>
    session.insert(instances.map((item) => ({ instance: item, history: [{ type: 'started' as const }] }))),
  );
const save = (...instances: SagaInstance[]) =>
  store.transaction((session) =>
    session.save(instances.map((item) => ({ instance: item, history: [{ type: 'stuck' as const }] }))),
  );

describeSagaStore('PostgreSQL', () => store);

describe('the saga store on PostgreSQL', () => {
  it('gives back data as it was made to be saved, in the same order', async () => {
    const data = asSavedInJsonb({
      zz: { b: [1, { y: -0, x: 'a\0' }], a: 1e21 },
      ä: 1,
      b: '🍕',
      a: new Date(0),
      aé: 0.1,
      ab: 5e-324,
    });
    const saved = sagaInstance({ data });
    await insert(saved);
    expect(JSON.stringify((await store.find(saved.id))!.instance.data)).toBe(JSON.stringify(data));
  });

  it('skips due instances that another process holds, instead of waiting for it', async () => {
    const due = [sagaInstance({ awaited: awaiting(1) }), sagaInstance({ awaited: awaiting(2) })];
    await insert(...due);
    const taken = await store.transaction(async (mine) => {
      const locked = await mine.lockDue(10, ORDER_SAGA);
      const others = await store.transaction((session) => session.lockDue(10, ORDER_SAGA));
      expect(others.instances).toEqual([]);
      return locked;
    });
    expect(taken.instances.map(({ id }) => id)).toEqual(due.map(({ id }) => id));
    expect(Math.abs(taken.now - Date.now())).toBeLessThan(60_000);
    await save(...due.map((item) => ({ ...item, version: 2, awaited: null })));
  });

  it('puts a row off that wakes at the deadline of an earlier step', async () => {
    const saga = sagaInstance({ awaited: awaiting(Date.now() + 60_000) });
    await insert(saga);
    await sql`update saga_instance set wake_at = now() where saga_id = ${saga.id}`.execute(database);
    const { instances } = await store.transaction((session) => session.lockDue(10, ORDER_SAGA));
    expect(instances).toEqual([]);
    const { rows } = await sql<{
      put_off: boolean;
    }>`select wake_at = deadline as put_off from saga_instance where saga_id = ${saga.id}`.execute(database);
    expect(rows).toEqual([{ put_off: true }]);
  });

  it('does not take a COMMIT that answers ROLLBACK for a success', async () => {
    const broken = store.transaction(async (session) => {
      await session.insert([{ instance: sagaInstance(), history: [] }]);
      await sql`select 1/0`.execute(session.tx as Kysely<unknown>).catch(() => undefined);
    });
    await expect(broken).rejects.toMatchObject({ code: 'COMMIT_ROLLED_BACK' });
  });

  it('comes over a migration that changes what a prepared statement answers', async () => {
    const read = () => sql`select * from saga_history where saga_id = ${uuidv7()}`.execute(database);
    for (let connection = 0; connection < 8; connection++) await read();
    await sql`alter table saga_history add column extra text`.execute(database);
    await waitFor('the new shape', () =>
      read().then(
        () => true,
        (error: unknown) => !isUnavailable(error) && Promise.reject(error as Error),
      ),
    );
    await sql`alter table saga_history drop column extra`.execute(database);
  });

  it('survives the server ending its sessions', async () => {
    await Promise.all([store.statuses([]), store.statuses([])]);
    const admin = openDatabase<unknown>(testDatabase.url, { poolSize: 1 });
    await sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`.execute(
      admin,
    );
    await admin.destroy();
    // Each broken connection may fail one call; then new ones are made.
    await waitFor('the store', () =>
      store.statuses([]).then(
        () => true,
        (error: unknown) => !isUnavailable(error) && Promise.reject(error as Error),
      ),
    );
  });
});

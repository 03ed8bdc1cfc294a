import { sql, type Kysely } from 'kysely';
import { uuidv7 } from 'uuidv7';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { waitFor } from '../../../../test/support/wait-for.js';
import { asSavedInJsonb } from '../contract/as-saved.js';
import type { SagaInstance } from '../engine/instance.js';
import type { SagaStore } from '../orchestrator/saga-store.js';
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
    session.insert(
      instances.map((item) => ({ instance: item, history: [{ type: 'started' as const }], decidedAt: Date.now() })),
    ),
  );
const save = (...instances: SagaInstance[]) =>
  store.transaction((session) =>
    session.save(
      instances.map((item) => ({ instance: item, history: [{ type: 'stuck' as const }], decidedAt: Date.now() })),
    ),
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

  it('leaves out due instances that are named, and kept replies of those that another process holds', async () => {
    const [held, named, free] = [1, 2, 3].map((until) => sagaInstance({ awaited: awaiting(until) }));
    await insert(held!, named!, free!);
    const due = await store.transaction((session) => session.lockDue(10, ORDER_SAGA, [named!.id]));
    expect(due.instances.map(({ id }) => id)).toEqual([held!.id, free!.id].sort());
    const replies = [held!, named!, free!].map(({ id }) => ({
      commandId: `${id}:1`,
      outcome: { kind: 'success' as const, reply: {} },
      redelivered: false,
    }));
    await store.transaction((session) => session.keepReplies(replies));
    const take = (except: string[]) =>
      store.transaction(async (session) => {
        const taken = await session.lockKept(10, ORDER_SAGA, undefined, except);
        return [taken.instances.map(({ id }) => id), taken.replies.map(({ commandId }) => commandId)];
      });
    await store.transaction(async (mine) => {
      await mine.lock([held!.id]);
      expect(await take([named!.id])).toEqual([[free!.id], [`${free!.id}:1`]]);
    });
    const [ids, commandIds] = await take([]);
    expect(ids).toEqual([held!.id, named!.id].sort());
    expect(commandIds!.sort()).toEqual([`${held!.id}:1`, `${named!.id}:1`].sort());
    await save(...[held!, named!, free!].map((item) => ({ ...item, version: 2, awaited: null })));
  });

  it('leaves a timer where it is that wakes some seconds early, and moves one that would wake much earlier than its step needs', async () => {
    const decidedAt = Date.now();
    const saga = sagaInstance({ awaited: awaiting(decidedAt + 60_000) });
    await store.transaction((session) => session.insert([{ instance: saga, history: [], decidedAt }]));
    const earlyBy = async (version: number, dueInMs: number) => {
      const instance = { ...saga, version, awaited: awaiting(decidedAt + dueInMs) };
      await store.transaction((session) => session.save([{ instance, history: [], decidedAt }]));
      const { rows } = await sql<{ early: number }>`
        select (extract(epoch from deadline - wake_at))::float8 as early from saga_instance where saga_id = ${saga.id}`.execute(
        database,
      );
      return rows[0]!.early;
    };
    expect(await earlyBy(2, 61_000)).toBeGreaterThan(0);
    expect(await earlyBy(3, 300_000)).toBe(0);
    expect(await earlyBy(4, 10_000)).toBe(0);
    await save({ ...saga, version: 5, awaited: null });
  });

  it('puts rows off that wake at the deadline of an earlier step, and finds what is due behind them before that', async () => {
    const early = Array.from({ length: 5 }, () => sagaInstance({ awaited: awaiting(Date.now() + 60_000) }));
    const due = sagaInstance({ awaited: awaiting(Date.now() - 1_000) });
    const locked = sagaInstance({ awaited: awaiting(Date.now() + 60_000) });
    await insert(...early, locked, due);
    await sql`update saga_instance set wake_at = now() - interval '1 hour' where saga_id <> ${due.id}`.execute(
      database,
    );
    const take = () => store.transaction((session) => session.lockDue(2, ORDER_SAGA));
    expect((await take()).instances.map(({ id }) => id)).toEqual([due.id]);
    const countEarly = async () => {
      const { rows } = await sql<{ early: number; late: number }>`
        select (count(*) filter (where wake_at < deadline))::integer as early, (count(*) filter (where wake_at > deadline))::integer as late
        from saga_instance where saga_id in (select unnest(${[...early, locked, due].map(({ id }) => id)}::uuid[]))`.execute(
        database,
      );
      return rows[0]!;
    };
    expect(await countEarly()).toEqual({ early: 6, late: 0 });
    expect(await store.postponeEarlyTimers(3)).toBe(true);
    expect(await countEarly()).toEqual({ early: 3, late: 0 });
    // What somebody holds is waited for by nobody.
    await store.transaction(async (session) => {
      await session.lock([locked.id]);
      expect([await store.postponeEarlyTimers(3), await store.postponeEarlyTimers(3)]).toEqual([false, false]);
    });
    expect(await countEarly()).toEqual({ early: 1, late: 0 });
    expect((await take()).instances.map(({ id }) => id)).toEqual([due.id]);
    await save(...[...early, locked, due].map((item) => ({ ...item, version: 2, awaited: null })));
  });

  it('does not take a COMMIT that answers ROLLBACK for a success', async () => {
    const broken = store.transaction(async (session) => {
      await session.insert([{ instance: sagaInstance(), history: [], decidedAt: Date.now() }]);
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

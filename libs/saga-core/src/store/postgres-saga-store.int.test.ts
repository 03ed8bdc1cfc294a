import { sql, type Kysely } from 'kysely';
import { uuidv7 } from 'uuidv7';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { waitFor } from '../../../../test/support/wait-for.js';
import { newInstance, type SagaInstance } from '../engine/instance.js';
import type { SagaStore } from '../engine/saga-store.js';
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

const definition = { name: 'order_saga', version: 1 } as never;
const keys = [{ name: 'order_saga', version: 1 }];

function instance(changes: Partial<SagaInstance> = {}): SagaInstance {
  return { ...newInstance(definition, uuidv7(), { order: 'o1' }, null), version: 1, ...changes };
}

function awaiting(until: number | null): NonNullable<SagaInstance['awaited']> {
  return {
    step: 0,
    name: 'hotel.book',
    direction: 'action',
    sequence: 1,
    attempt: 1,
    payload: {},
    state: 'sent',
    until,
    mayHaveArrived: false,
  };
}

const insert = (...instances: SagaInstance[]) =>
  store.transaction((session) =>
    session.insert(instances.map((item) => ({ instance: item, history: [{ type: 'started' as const }] }))),
  );
const save = (...instances: SagaInstance[]) =>
  store.transaction((session) =>
    session.save(instances.map((item) => ({ instance: item, history: [{ type: 'stuck' as const }] }))),
  );

describe('the saga store on PostgreSQL', () => {
  it('gives back what was saved, history included', async () => {
    const saved = instance({
      startedAt: Date.now() - 60_123,
      awaited: awaiting(Date.now() + 60_000),
      actions: [{ sequence: 1, state: 'unknown' }],
      failure: { step: 'hotel.book', code: 'FULL', message: 'no room\0' },
      traceparent: '00-a-b-01',
    });
    await insert(saved);
    const next = { ...saved, version: 2, status: 'completed', awaited: null } as const;
    await save(next);
    const found = await store.find(saved.id);
    expect(found).toMatchObject({
      instance: { ...next, failure: { message: 'no room\uFFFD' } },
      endedAt: expect.any(Number) as number,
      history: [
        { version: 1, entries: [{ type: 'started' }] },
        { version: 2, entries: [{ type: 'stuck' }] },
      ],
    });
    expect(found!.createdAt).toBe(saved.startedAt);
    expect(Math.abs(found!.updatedAt - Date.now())).toBeLessThan(60_000);
    expect(await store.find(uuidv7())).toBeNull();
    expect(await store.statuses([saved.id, uuidv7()])).toEqual(new Map([[saved.id, 'completed']]));
  });

  it('refuses an id that is taken, and saves nothing of the set', async () => {
    const first = instance();
    await insert(first);
    const other = instance();
    await expect(insert(other, first)).rejects.toMatchObject({ code: 'DUPLICATE_SAGA' });
    expect(await store.find(other.id)).toBeNull();
  });

  it('fences a save by the version that was read, and saves nothing of a set with a stale instance', async () => {
    const [stale, fresh] = [instance(), instance()];
    await insert(stale, fresh);
    await save({ ...stale, version: 2 });
    await expect(save({ ...fresh, version: 2 }, { ...stale, version: 2 })).rejects.toMatchObject({
      code: 'STALE_INSTANCE',
    });
    expect((await store.find(fresh.id))!.instance.version).toBe(1);
  });

  it('locks sets in the order of their ids: two processes with the same sagas in opposite order do not deadlock', async () => {
    const instances = [instance(), instance(), instance()];
    await insert(...instances);
    const ids = instances.map(({ id }) => id);
    const bump = (order: readonly string[]) =>
      store.transaction(async (session) => {
        const { instances: locked } = await session.lock(order);
        await session.save(
          locked.map((item) => ({ instance: { ...item, version: item.version + 1 }, history: [{ type: 'stuck' }] })),
        );
      });
    await Promise.all(Array.from({ length: 20 }, (_, index) => bump(index % 2 ? ids : [...ids].reverse())));
    expect((await store.find(ids[0]!))!.instance.version).toBe(21);
  });

  it('gives due instances to one process only, and those of known definitions only', async () => {
    const due = [instance({ awaited: awaiting(1) }), instance({ awaited: awaiting(2) })];
    const foreign = instance({ awaited: awaiting(1), definitionVersion: 9 });
    const later = instance({ awaited: awaiting(Date.now() + 60_000) });
    await insert(...due, foreign, later);
    const taken = await store.transaction(async (mine) => {
      const locked = await mine.lockDue(10, keys);
      const others = await store.transaction((session) => session.lockDue(10, keys));
      expect(others.instances).toEqual([]);
      return locked;
    });
    expect(taken.instances.map(({ id }) => id)).toEqual(due.map(({ id }) => id));
    expect(Math.abs(taken.now - Date.now())).toBeLessThan(60_000);
    await save(...due.map((item) => ({ ...item, version: 2, awaited: null })), {
      ...foreign,
      version: 2,
      awaited: null,
    });
  });

  it('is woken no later than the deadline, also when a step brings a nearer one, and not before', async () => {
    const wakes = async () =>
      (await store.transaction((session) => session.lockDue(10, keys))).instances.map(({ id }) => id);
    const soon = instance({ awaited: awaiting(Date.now() + 60_000) });
    await insert(soon);
    await save({ ...soon, version: 2, awaited: awaiting(1) });
    expect(await wakes()).toEqual([soon.id]);
    await save({ ...soon, version: 3, awaited: awaiting(Date.now() + 60_000) });
    expect(await wakes()).toEqual([]);

    // The row wakes at an earlier step's deadline, and is put off to the present one.
    await sql`update saga_instance set wake_at = now() where saga_id = ${soon.id}`.execute(database);
    expect(await wakes()).toEqual([]);
    const { rows } = await sql<{
      put_off: boolean;
    }>`select wake_at = deadline as put_off from saga_instance where saga_id = ${soon.id}`.execute(database);
    expect(rows).toEqual([{ put_off: true }]);
  });

  it('forgets the deadline of a parked and of an ended instance', async () => {
    const parked = instance({ awaited: awaiting(1) });
    await insert(parked);
    await save({ ...parked, version: 2, status: 'stuck', awaited: awaiting(null) });
    const due = await store.transaction((session) => session.lockDue(10, keys));
    expect(due.instances).toEqual([]);
  });

  it('takes back the writes of isolated work that throws, and goes on', async () => {
    const [kept, lost] = [instance(), instance()];
    await store.transaction(async (session) => {
      await session.insert([{ instance: kept, history: [] }]);
      const work = session.isolated(async () => {
        await session.insert([{ instance: lost, history: [] }]);
        throw new Error('no');
      });
      await expect(work).rejects.toThrow('no');
    });
    expect([await store.find(kept.id), await store.find(lost.id)]).toEqual([expect.anything(), null]);
  });

  it('does not take a COMMIT that answers ROLLBACK for a success', async () => {
    const broken = store.transaction(async (session) => {
      await session.insert([{ instance: instance(), history: [] }]);
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

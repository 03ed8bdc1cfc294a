import { sql, type Kysely } from 'kysely';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { uuidOf } from '../../../../test/support/uuid.js';
import { newInstance, type SagaInstance, type SagaStatus } from '../engine/instance.js';
import { SAGA_MIGRATION_TABLE, orchestratorMigrations } from './migrations/index.js';
import { migrate } from './migrate.js';
import { openDatabase } from './open-database.js';
import { postgresSagaStore } from './postgres-saga-store.js';
import { purgeSagas } from './purge-sagas.js';

const RETENTION_MS = 30 * 86_400_000;

let testDatabase: TestDatabase;
let database: Kysely<unknown>;

beforeEach(async () => {
  testDatabase = await createTestDatabase('purge_sagas');
  database = openDatabase(testDatabase.url, { poolSize: 4 });
  await migrate(database, { table: SAGA_MIGRATION_TABLE, migrations: orchestratorMigrations });
});

afterEach(async () => {
  await database.destroy();
  await testDatabase.drop();
});

/** Saves sagas that came to this status so many days ago. @returns their ids */
async function sagas(number: number, status: SagaStatus, days: number): Promise<string[]> {
  const instances = Array.from({ length: number }, (): SagaInstance => ({
    ...newInstance({ name: 'trip_saga', version: 1 } as never, uuidOf(Date.now()), {}, null),
    version: 1,
    status,
  }));
  const ids = instances.map(({ id }) => id);
  await postgresSagaStore(database).transaction((session) =>
    session.insert(instances.map((instance) => ({ instance, history: [{ type: 'started' }], decidedAt: Date.now() }))),
  );
  await sql`update saga_instance set created_at = created_at - ${days}::integer * interval '1 day',
    updated_at = updated_at - ${days}::integer * interval '1 day', ended_at = ended_at - ${days}::integer * interval '1 day'
    where saga_id = any(${ids}::uuid[])`.execute(database);
  return ids;
}

const left = async () =>
  (
    await sql<{ id: string; histories: number }>`
      select saga_id as id, (select count(*)::integer from saga_history where saga_history.saga_id = saga.saga_id) as histories
      from saga_instance saga order by saga_id`.execute(database)
  ).rows;

describe('purging sagas', () => {
  it('removes those that ended before the retention, with their histories, in batches', async () => {
    await sagas(25, 'completed', 31);
    await sagas(5, 'compensated', 31);
    const young = [...(await sagas(1, 'completed', 29)), ...(await sagas(1, 'compensated', 0))];
    const rounds: boolean[] = [];
    do rounds.push(await purgeSagas(database, RETENTION_MS, { limit: 12 }));
    while (rounds.at(-1));
    expect(rounds).toEqual([true, true, false]);
    expect(await left()).toEqual(young.sort().map((id) => ({ id, histories: 1 })));
    const { rows } = await sql`select from saga_history`.execute(database);
    expect(rows).toHaveLength(2);
  });

  it('never touches what lives or is stuck, however old it is', async () => {
    const living: string[] = [];
    for (const status of ['running', 'compensating', 'stuck'] as const) living.push(...(await sagas(2, status, 400)));
    expect(await purgeSagas(database, 0, { limit: 100 })).toBe(false);
    expect((await left()).map(({ id }) => id)).toEqual(living.sort());
  });

  it('passes over what another process holds, and shares the rest with it', async () => {
    const [held] = await sagas(30, 'completed', 31);
    await database.transaction().execute(async (tx) => {
      await sql`select from saga_instance where saga_id = ${held}::uuid for update`.execute(tx);
      await Promise.all(
        Array.from({ length: 3 }, async () => {
          while (await purgeSagas(database, RETENTION_MS, { limit: 4 }));
        }),
      );
      expect((await left()).map(({ id }) => id)).toEqual([held]);
    });
    await purgeSagas(database, RETENTION_MS, { limit: 4 });
    expect(await left()).toEqual([]);
  });

  it('reaches the old ones by an index, and leaves updates of living sagas on their page', async () => {
    const ids = await sagas(200, 'running', 0);
    await sagas(1_000, 'completed', 1);
    // An update stays on its page where there is room. Room is made by the way, but not of what others, in whichever
    // database, might still see.
    await sql`vacuum analyze saga_instance`.execute(database);
    const { rows: plan } = await sql<{ 'QUERY PLAN': string }>`
      explain select saga_id from saga_instance where ended_at < now() - interval '30 days' order by ended_at limit 100`.execute(
      database,
    );
    expect(plan.map((row) => row['QUERY PLAN']).join('\n')).toContain('saga_instance_ended_at');

    const store = postgresSagaStore(database);
    await store.transaction(async (session) => {
      const updates = async () => {
        const { rows } = await sql<{ all: number; hot: number }>`
          select n_tup_upd::integer as all, n_tup_hot_upd::integer as hot from pg_stat_xact_user_tables where relname = 'saga_instance'`.execute(
          session.tx,
        );
        return rows[0]!;
      };
      const before = await updates();
      const { instances } = await session.lock(ids.slice(0, 5));
      const next = (instance: SagaInstance) => ({ ...instance, version: instance.version + 1, sequence: 1 });
      await session.save(
        instances.map((instance) => ({
          instance: next(instance),
          history: [{ type: 'command_sent' }],
          decidedAt: Date.now(),
        })),
      );
      expect(await updates()).toEqual({ all: before.all + 5, hot: before.hot + 5 });
    });
  });
});

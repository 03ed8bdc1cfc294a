import { sql, type Kysely } from 'kysely';
import { randomUUID } from 'node:crypto';
import { migrate, openDatabase } from 'saga-core';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { waitFor } from '../../../../test/support/wait-for.js';
import type { OrderDatabase } from '../database.js';
import { orderMigrations } from '../migrations/index.js';
import { claimKeys, KeyHeld, type KeyClaim } from './idempotency-keys.js';
import { purgeKeys } from './purge-keys.js';

const RETENTION_MS = 30 * 86_400_000;

let testDatabase: TestDatabase;
let database: Kysely<OrderDatabase>;
beforeAll(async () => {
  testDatabase = await createTestDatabase('purge_keys');
  database = openDatabase(testDatabase.url, { poolSize: 4 });
  await migrate(database, { table: 'app_migration', migrations: orderMigrations });
});
afterAll(async () => {
  await database.destroy();
  await testDatabase.drop();
});
afterEach(() => sql`delete from idempotency_key`.execute(database));

/** The machine may be slow, and a claim is to be waiting when its key is purged. */
const PATIENT_MS = 10_000;
const claimOf = (key: string): KeyClaim => ({ key, requestHash: 'h', orderId: randomUUID() });
const claim = (...claims: KeyClaim[]) => database.transaction().execute((tx) => claimKeys(tx, claims, PATIENT_MS));
const age = (days: number, ...keys: string[]) =>
  sql`update idempotency_key set created_at = now() - ${days}::integer * interval '1 day' where key = any(${keys}::text[])`.execute(
    database,
  );
const keys = async () =>
  (await database.selectFrom('idempotency_key').select('key').orderBy('key').execute()).map(({ key }) => key);

test('keys past their retention go in batches, younger ones stay, and a purged key can be used again', async () => {
  const old = Array.from({ length: 25 }, (_, index) => `old ${index}`);
  const young = claimOf('young');
  await claim(...old.map(claimOf), young);
  await age(31, ...old);
  await age(29, 'young');
  const rounds: boolean[] = [];
  do rounds.push(await purgeKeys(database, RETENTION_MS, 10));
  while (rounds.at(-1));
  expect(rounds).toEqual([true, true, false]);
  expect(await keys()).toEqual(['young']);
  const again = claimOf('old 1');
  const owners = await claim(again, claimOf('young'));
  expect([owners.get('old 1')?.orderId, owners.get('young')?.orderId]).toEqual([again.orderId, young.orderId]);
});

/**
 * Claims a key that is taken, and that is purged while the claim waits for another key.
 *
 * @returns who owns them; null when the claim, which waits for 50 ms, had given up before the purge
 */
async function claimDuringPurge(again: KeyClaim): Promise<Awaited<ReturnType<typeof claim>> | null> {
  await claim(claimOf('a'));
  await age(31, 'a');
  return database
    .transaction()
    .execute(async (tx) => {
      await claimKeys(tx, [claimOf('b')]);
      // It has found the first key taken, and waits to learn whether the second one is.
      let hasEnded = false;
      const claimed = claim(again, claimOf('b'))
        .catch((error: unknown) => {
          if (error instanceof KeyHeld) return null;
          throw error;
        })
        .finally(() => (hasEnded = true));
      await waitFor('the claim to wait', async () => {
        const { rows } = await sql`
        select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(database);
        return rows.length > 0 || hasEnded;
      });
      await purgeKeys(database, RETENTION_MS, 10);
      expect(await keys()).toEqual([]);
      return { claimed };
    })
    .then(({ claimed }) => claimed);
}

test('a key that is purged while it is claimed is free', async () => {
  const again = claimOf('a');
  const owners = await waitFor('a claim that still waits when the key is purged', async () => {
    await sql`delete from idempotency_key`.execute(database);
    return claimDuringPurge(again);
  });
  expect(owners.get('a')?.orderId).toBe(again.orderId);
});

test('a key that another process holds is passed over', async () => {
  await claim(claimOf('held'), claimOf('old'));
  await age(31, 'held', 'old');
  await database.transaction().execute(async (tx) => {
    await sql`select from idempotency_key where key = 'held' for update`.execute(tx);
    expect(await purgeKeys(database, RETENTION_MS, 10)).toBe(false);
    expect(await keys()).toEqual(['held']);
  });
});

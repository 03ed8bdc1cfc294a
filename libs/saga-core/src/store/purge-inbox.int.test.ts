import { sql, type Kysely } from 'kysely';
import { randomUUID } from 'node:crypto';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { uuidOf } from '../../../../test/support/uuid.js';
import type { CommandIdentity } from '../contract/routing.js';
import type { InboxState, InboxStore } from '../participant/inbox-store.js';
import { SAGA_MIGRATION_TABLE, participantMigrations } from './migrations/index.js';
import { migrate } from './migrate.js';
import { openDatabase } from './open-database.js';
import { postgresInboxStore } from './postgres-inbox-store.js';
import { purgeInbox } from './purge-inbox.js';

const DAY_MS = 86_400_000;
const RETENTION_MS = 90 * DAY_MS;
const outcome = { kind: 'success', reply: {} } as const;

let testDatabase: TestDatabase;
let database: Kysely<unknown>;
let inbox: InboxStore<unknown>;

beforeEach(async () => {
  testDatabase = await createTestDatabase('purge_inbox');
  database = openDatabase(testDatabase.url, { poolSize: 4 });
  await migrate(database, { table: SAGA_MIGRATION_TABLE, migrations: participantMigrations });
  inbox = postgresInboxStore(database);
});

afterEach(async () => {
  await database.destroy();
  await testDatabase.drop();
});

const commandOf = (ageMs: number, sequence = 1): CommandIdentity => ({
  sagaId: uuidOf(Date.now() - ageMs),
  sequence,
});

/** @returns what a participant is told of a command; one that it did not know it handles, and answers */
const handle = (...identities: CommandIdentity[]): Promise<InboxState['type'][]> =>
  inbox.transaction(async (session) => {
    const states = await session.claim(identities.map((identity) => ({ identity, as: 'command' })));
    const fresh = identities.filter((_identity, index) => states[index]!.type === 'claimed');
    await session.answer(fresh.map((identity) => ({ identity, outcome })));
    return states.map(({ type }) => type);
  });

const count = async (): Promise<number> =>
  (await sql<{ count: number }>`select count(*)::integer as count from saga_inbox`.execute(database)).rows[0]!.count;

/** As if the horizon had been moved last an hour and a half ago. */
const anHourPasses = () =>
  sql`update saga_inbox_horizon set moved_at = moved_at - interval '90 minutes'`.execute(database);

const purgeAll = async (retentionMs = RETENTION_MS): Promise<void> => {
  while (await purgeInbox(database, retentionMs, { limit: 10 }));
};

const purgeTwice = async (retentionMs?: number): Promise<void> => {
  await purgeAll(retentionMs);
  await anHourPasses();
  await purgeAll(retentionMs);
};

describe('purging the inbox', () => {
  it('removes what is past its retention, in batches, and keeps the rest', async () => {
    const old = Array.from({ length: 25 }, () => commandOf(91 * DAY_MS));
    const young = [commandOf(89 * DAY_MS), commandOf(0)];
    await handle(...old, ...young);
    await purgeTwice();
    expect(await count()).toBe(2);
    expect(await handle(...young)).toEqual(['answered', 'answered']);
  });

  it('never lets a command run again whose row is gone: it is refused, and so is its undo', async () => {
    const action = commandOf(91 * DAY_MS);
    await handle(action);
    await purgeTwice();
    const undo = { ...action, sequence: 2 };
    const states = await inbox.transaction((session) =>
      session.claim([
        { identity: undo, as: 'command' },
        { identity: action, as: 'barred' },
      ]),
    );
    expect(states).toEqual([{ type: 'expired' }, { type: 'expired' }]);
    expect(await count()).toBe(0);
  });

  it('answers a command beyond the horizon as long as its row is there', async () => {
    const [known, unknown] = [commandOf(91 * DAY_MS), commandOf(91 * DAY_MS)];
    await handle(known);
    await purgeAll();
    expect(await handle(known, unknown)).toEqual(['answered', 'expired']);
  });

  it('removes no row before the horizon has stood beyond it for an hour, also when the retention is cut', async () => {
    const action = commandOf(50 * DAY_MS);
    await handle(action);
    await purgeTwice();
    expect(await count()).toBe(1);
    await purgeAll(30 * DAY_MS);
    await anHourPasses();
    await purgeAll(30 * DAY_MS);
    expect(await count()).toBe(1);
    await anHourPasses();
    await purgeAll(30 * DAY_MS);
    expect(await count()).toBe(0);
    expect(await handle(action)).toEqual(['expired']);
  });

  it('goes on refusing what it has forgotten after the retention was raised', async () => {
    const action = commandOf(50 * DAY_MS);
    await handle(action);
    await purgeTwice(30 * DAY_MS);
    await purgeTwice(RETENTION_MS);
    expect(await handle(action)).toEqual(['expired']);
  });

  it('keeps and takes commands of sagas whose id tells no time', async () => {
    // Such an id may sort before all others.
    const identity = { sagaId: `00000000${randomUUID().slice(8)}`, sequence: 1 };
    await handle(identity);
    await purgeTwice();
    expect(await handle(identity, { ...identity, sequence: 2 })).toEqual(['answered', 'claimed']);
  });

  it('shares the work between processes, and waits for none', async () => {
    const old = Array.from({ length: 40 }, () => commandOf(91 * DAY_MS));
    await handle(...old);
    await purgeInbox(database, RETENTION_MS, { limit: 1 });
    await anHourPasses();
    const [held] = [...old].sort((a, b) => (a.sagaId < b.sagaId ? -1 : 1));
    await database.transaction().execute(async (tx) => {
      await sql`select from saga_inbox where saga_id = ${held!.sagaId}::uuid for update`.execute(tx);
      await Promise.all([purgeAll(), purgeAll(), purgeAll()]);
      expect(await count()).toBe(1);
    });
    await purgeAll();
    expect(await count()).toBe(0);
  });

  it('removes notes of deaths that nothing came of', async () => {
    await sql`insert into saga_delivery_attempt (saga_id, sequence, routing_key, attempts, begun_at) values
      (${randomUUID()}::uuid, 1, 'a.b', 1, now() - interval '91 days'), (${randomUUID()}::uuid, 1, 'a.b', 1, now())`.execute(
      database,
    );
    await purgeAll();
    const { rows } = await sql`select from saga_delivery_attempt`.execute(database);
    expect(rows).toHaveLength(1);
  });
});

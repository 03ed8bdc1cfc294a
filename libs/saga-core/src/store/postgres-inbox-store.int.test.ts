import type { Kysely } from 'kysely';
import { uuidv7 } from 'uuidv7';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import type { CommandIdentity } from '../contract/routing.js';
import type { InboxClaim, InboxStore } from '../engine/inbox-store.js';
import { SAGA_MIGRATION_TABLE, participantMigrations } from './migrations/index.js';
import { migrate } from './migrate.js';
import { openDatabase } from './open-database.js';
import { postgresInboxStore } from './postgres-inbox-store.js';

let testDatabase: TestDatabase;
let database: Kysely<unknown>;
let inbox: InboxStore<unknown>;

beforeAll(async () => {
  testDatabase = await createTestDatabase('inbox_store');
  database = openDatabase(testDatabase.url, { poolSize: 4 });
  await migrate(database, { table: SAGA_MIGRATION_TABLE, migrations: participantMigrations });
  inbox = postgresInboxStore(database);
});

afterAll(async () => {
  await database.destroy();
  await testDatabase.drop();
});

const identity = (sequence = 1, sagaId = uuidv7()): CommandIdentity => ({ sagaId, sequence });
const command = (id: CommandIdentity): InboxClaim => ({ identity: id, as: 'command' });
const outcome = { kind: 'success', reply: { ticketId: 't1\0' } } as const;
const claim = (...claims: InboxClaim[]) => inbox.transaction((session) => session.claim(claims));

describe('the inbox on PostgreSQL', () => {
  it('claims once, and then knows the answer', async () => {
    const [one, two] = [identity(), identity()];
    await inbox.transaction(async (session) => {
      expect(await session.claim([command(one)])).toEqual([{ type: 'claimed' }]);
      await session.answer([{ identity: one, outcome }]);
    });
    expect(await claim(command(two), command(one))).toEqual([
      { type: 'claimed' },
      { type: 'answered', outcome: { kind: 'success', reply: { ticketId: 't1\uFFFD' } } },
    ]);
  });

  it('keeps a withheld answer apart from one not given', async () => {
    const id = identity();
    await inbox.transaction(async (session) => {
      await session.claim([command(id)]);
      await session.answer([{ identity: id, outcome: null }]);
    });
    expect(await claim(command(id))).toEqual([{ type: 'withheld' }]);
  });

  it('bars an action whose undo came first, for ever', async () => {
    const action = identity();
    const undo = identity(2, action.sagaId);
    expect(await claim(command(undo), { identity: action, as: 'barred' })).toEqual([
      { type: 'claimed' },
      { type: 'claimed' },
    ]);
    expect(await claim(command(action))).toEqual([{ type: 'barred' }]);
  });

  it('gives a released claim to the next who asks, and one rolled back', async () => {
    const id = identity();
    await inbox.transaction(async (session) => {
      await session.claim([command(id)]);
      await session.release([id]);
    });
    const failing = inbox.transaction(async (session) => {
      expect(await session.claim([command(id)])).toEqual([{ type: 'claimed' }]);
      throw new Error('crash');
    });
    await expect(failing).rejects.toThrow('crash');
    expect(await claim(command(id))).toEqual([{ type: 'claimed' }]);
  });

  it('lets one of two transactions handle a command; the other waits and sees its answer', async () => {
    const id = identity();
    let effects = 0;
    const handle = () =>
      inbox.transaction(async (session) => {
        const [state] = await session.claim([command(id)]);
        if (state!.type !== 'claimed') return state;
        effects++;
        await session.answer([{ identity: id, outcome }]);
        return state;
      });
    const states = await Promise.all([handle(), handle(), handle()]);
    expect(effects).toBe(1);
    expect(states.map((state) => state!.type).sort()).toEqual(['answered', 'answered', 'claimed']);
  });

  it('does not deadlock over sets in opposite order', async () => {
    const ids = Array.from({ length: 5 }, () => identity());
    const claims = ids.map(command);
    const results = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        inbox.transaction(async (session) => {
          const states = await session.claim(index % 2 ? claims : [...claims].reverse());
          const mine = states.filter(({ type }) => type === 'claimed').length;
          if (mine > 0) await session.answer(ids.map((id) => ({ identity: id, outcome })));
          return mine;
        }),
      ),
    );
    expect(results.sort()).toEqual([...Array<number>(9).fill(0), 5]);
  });
});

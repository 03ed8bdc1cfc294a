/** The clock of the database is set while sagas wait: their timers go on as if it had not been. */
import { sql, type Kysely } from 'kysely';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { settableClock, type SettableClock } from '../../../../test/support/settable-clock.js';
import type { SagaInstance } from '../engine/instance.js';
import type { SagaStore } from '../orchestrator/saga-store.js';
import { awaiting, ORDER_SAGA, sagaInstance } from '../testing/port-suites/saga-store.suite.js';
import { SAGA_MIGRATION_TABLE, orchestratorMigrations } from './migrations/index.js';
import { migrate } from './migrate.js';
import { openDatabase } from './open-database.js';
import { postgresSagaStore } from './postgres-saga-store.js';
import { sagaCounts } from './saga-summary.js';
import { sagaGauges } from './saga-gauges.js';

let testDatabase: TestDatabase;
let clock: SettableClock;
let database: Kysely<unknown>;

beforeAll(async () => {
  testDatabase = await createTestDatabase('saga_clock');
  database = openDatabase(testDatabase.url, { poolSize: 4 });
  clock = await settableClock((statement) => sql.raw(statement).execute(database));
  await migrate(database, { table: SAGA_MIGRATION_TABLE, migrations: orchestratorMigrations });
});

afterAll(async () => {
  await database.destroy();
  await testDatabase.drop();
});

let store: SagaStore<unknown>;
let other: SagaStore<unknown>;
beforeEach(async () => {
  await sql`truncate saga_instance, saga_history`.execute(database);
  await sql`update saga_clock set shift_ms = 0`.execute(database);
  await clock.setAhead(0);
  [store, other] = [postgresSagaStore(database), postgresSagaStore(database)];
  for (const each of [store, other]) await each.transaction((session) => session.now());
});

const saving = (instance: SagaInstance, decidedAt: number) => [
  { instance, decidedAt, history: [{ type: 'started' as const }] },
];
/** Saves a new saga by what its process takes for the time. */
const started = async (dueInMs: number): Promise<SagaInstance> => {
  const now = store.clock()!;
  const instance = sagaInstance({ startedAt: now, awaited: awaiting(now + dueInMs) });
  await store.transaction((session) => session.insert(saving(instance, now)));
  return instance;
};
const due = async (at = store): Promise<string[]> =>
  (await at.transaction((session) => session.lockDue(10, ORDER_SAGA))).instances.map(({ id }) => id);
/** @returns in how many milliseconds a saga is due, by the sagas' clock */
const leftOf = (id: string): Promise<number> =>
  other.transaction(async (session) => {
    const { now, instances } = await session.lock([id]);
    return instances[0]!.awaited!.until! - now;
  });
/** How slow a machine may be. */
const SLOW_MS = 20_000;
const expectLeft = async (id: string, ms: number): Promise<void> => {
  const left = await leftOf(id);
  expect(left).toBeLessThanOrEqual(ms);
  expect(left).toBeGreaterThan(ms - SLOW_MS);
};

describe.each([
  ['a minute ahead', 60_000],
  ['an hour ahead', 3_600_000],
  ['an hour back', -3_600_000],
])('the clock of the database is set %s', (_name, ms) => {
  it('and a saga that waits is due when it would have been, for every process', async () => {
    const long = await started(30_000);
    const short = await started(0);
    await clock.setAhead(ms);
    expect(await due()).toEqual([]);
    const jumped = await store.absorbClockJump();
    expect(Math.abs(jumped! - ms)).toBeLessThan(SLOW_MS);
    expect(await due()).toEqual([short.id]);
    await expectLeft(long.id, 30_000);
    // This one has heard nothing yet, and begins with the clock as it was put right.
    expect(await due(postgresSagaStore(database))).toEqual([short.id]);
  });

  it('and a saga that is saved before anybody has noticed is due in time', async () => {
    const before = await started(30_000);
    await clock.setAhead(ms);
    const after = await started(30_000);
    const now = store.clock()!;
    await store.transaction((session) =>
      session.saveLast(saving({ ...before, version: 2, awaited: awaiting(now + 40_000) }, now)),
    );
    expect(await store.absorbClockJump()).not.toBeNull();
    // One that is saved at once, with a clock that was set ahead, may be given some seconds more.
    await expectLeft(after.id, 35_100);
    await expectLeft(before.id, 45_100);
    expect(await due()).toEqual([]);
  });

  it('and every statement that reads it tells', async () => {
    const saga = await started(30_000);
    const next = (version: number) =>
      saving({ ...saga, version, awaited: awaiting(store.clock()! + 30_000) }, store.clock()!);
    const hearing: [string, () => Promise<unknown>][] = [
      ['now', () => store.transaction((session) => session.now())],
      ['lock', () => store.transaction((session) => session.lock([saga.id]))],
      ['lockDue', () => due()],
      ['insert', () => started(30_000)],
      ['save', () => store.transaction((session) => session.save(next(2)))],
      ['saveLast', () => store.transaction((session) => session.saveLast(next(3)))],
      ['saveUnlocked', () => store.saveUnlocked(next(4), store.clock()!)],
      ['postponeEarlyTimers', () => store.postponeEarlyTimers(10)],
    ];
    let ahead = 0;
    const heard: string[] = [];
    for (const [name, hear] of hearing) {
      await clock.setAhead((ahead += ms));
      await hear();
      if ((await store.absorbClockJump()) !== null) heard.push(name);
    }
    expect(heard).toEqual(hearing.map(([name]) => name));
  });

  it('and people see the deadline by the clock that they have', async () => {
    const saga = await started(30_000);
    await clock.setAhead(ms);
    await due();
    await store.absorbClockJump();
    const { instance } = (await store.find(saga.id))!;
    const shown = instance.awaited!.until! - (Date.now() + ms);
    expect(Math.abs(shown - 30_000)).toBeLessThan(SLOW_MS);
    expect((await sagaGauges(database)).map(({ overdueS }) => overdueS)).toEqual([0]);
    expect((await sagaCounts(database)).oldestUnattendedDeadline).toBeNull();
  });
});

it('one process makes a jump good, and the others follow it', async () => {
  const saga = await started(30_000);
  await clock.setAhead(60_000);
  expect([await due(store), await due(other)]).toEqual([[], []]);
  const made = await Promise.all([store.absorbClockJump(), other.absorbClockJump()]);
  expect(made.filter((ms) => ms !== null)).toHaveLength(1);
  await expectLeft(saga.id, 30_000);
  expect([await store.absorbClockJump(), await other.absorbClockJump()]).toEqual([null, null]);
});

it('a decision about what was not locked is not saved when the clock says that it is old, or of a time to come', async () => {
  const saga = await started(30_000);
  for (const ahead of [60_000, -60_000]) {
    await clock.setAhead(ahead);
    const now = store.clock()!;
    expect(await store.saveUnlocked(saving({ ...saga, version: 2 }, now), now)).toEqual(new Set());
  }
});

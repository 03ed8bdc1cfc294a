/**
 * The saga store on PostgreSQL. Invariants kept here:
 * - The saga row is the truth; state, history, awaited command and deadline are saved by one statement in the caller's transaction.
 * - Sets are locked in the order of their ids, so that two processes cannot deadlock.
 * - Every write is fenced by the version that was read.
 */
import { sql, type Kysely, type RawBuilder, type Transaction } from 'kysely';
import type { SagaInstance } from '../engine/instance.js';
import type { DefinitionKey, LockedSet, SagaChange, SagaSession, SagaStore, StoredSaga } from '../engine/saga-store.js';
import { SagaError } from '../errors.js';
import { DEFAULTS } from '../settings.js';
import { DatabaseClock } from './database-clock.js';
import { isDivisionByZero, isUniqueViolation } from './database-errors.js';
import { keepReplies, sagasWithKeptReplies, takeKeptReplies } from './kept-replies.js';
import { isKnown } from './known-definitions.js';
import { executeLast } from './pipelining-driver.js';
import { INSTANCE_COLUMNS, inputOf, instanceOf, type HistoryRow, type InstanceRow } from './saga-rows.js';
import { inSavepoint } from './savepoints.js';
import { setOf } from './set-as-table.js';

const columns = sql.raw(INSTANCE_COLUMNS);
const clockMs = sql<number>`(extract(epoch from clock_timestamp()) * 1000)::float8`;

/**
 * @param database - must hold the tables of orchestratorMigrations
 * @returns the port's implementation
 */
export function postgresSagaStore<Db>(database: Kysely<Db>): SagaStore<Transaction<Db>> {
  const clock = new DatabaseClock();
  const within = (tx: Transaction<Db>): SagaSession<Transaction<Db>> => ({
    tx,
    now: () => now(tx, clock),
    lock: (ids) => lock(tx, ids, clock),
    lockDue: (limit, definitions) => lockDue(tx, limit, definitions),
    keepReplies: (replies) => keepReplies(tx, replies),
    lockKept: async (limit, definitions) => {
      const ids = await sagasWithKeptReplies(tx, limit, definitions);
      if (ids.length === 0) return { now: 0, instances: [], replies: [] };
      // Another process may take them first: its locks come before its taking.
      return { ...(await lock(tx, ids, clock)), replies: await takeKeptReplies(tx, ids) };
    },
    insert: (changes) => insert(tx, changes),
    save: async (changes) => {
      if (changes.length > 0) await saveAll(changes, (statement) => statement.execute(tx).then(({ rows }) => rows));
    },
    saveLast: async (changes, decidedAt) => {
      if (changes.length > 0) await saveAll(changes, (statement) => executeLast(tx, statement), decidedAt);
    },
    isolated: (work) => inSavepoint(tx, work),
  });
  return {
    transaction: (work) => database.transaction().execute((tx) => work(within(tx))),
    within,
    saveUnlocked: (changes, decidedAt) => saveUnlocked(database, changes, decidedAt, clock),
    clock: () => clock.now(),
    find: (id) => find(database, id),
    statuses: (ids) => statuses(database, ids),
  };
}

async function now<Db>(tx: Transaction<Db>, clock: DatabaseClock): Promise<number> {
  const { rows } = await sql<{ now: number }>`select ${clockMs} as now`.execute(tx);
  clock.hear(rows[0]!.now);
  return rows[0]!.now;
}

async function lock<Db>(tx: Transaction<Db>, ids: readonly string[], clock: DatabaseClock): Promise<LockedSet> {
  const { rows } = await sql<InstanceRow & { now: number }>`
    select ${columns}, ${clockMs} as now from saga_instance where saga_id in ${setOf('uuid', ids)} order by saga_id for update`.execute(
    tx,
  );
  const last = rows.at(-1);
  if (!last) return { now: await now(tx, clock), instances: [] };
  clock.hear(last.now);
  return { now: rows[0]!.now, instances: rows.map(instanceOf) };
}

/**
 * `wake_at` is at most the deadline, not the deadline itself: each step moves the deadline, and an indexed column that moved with it would cost every
 * update its place on the page. A row that wakes before its deadline is put off to it. (That it is later than the beginning of time tells the planner, which knows
 * nothing yet of a young table, that few are due: it takes a range for narrower than half of one, and so the index instead of the table.)
 */
async function lockDue<Db>(
  tx: Transaction<Db>,
  limit: number,
  definitions: readonly DefinitionKey[],
): Promise<LockedSet> {
  const { rows } = await sql<InstanceRow & { now: number }>`
    with clock as (select clock_timestamp() as now),
    awake as (
      select ${columns}, deadline from saga_instance
      where wake_at > '-infinity' and wake_at <= (select now from clock)
        and ${isKnown(definitions)}
      order by wake_at limit ${limit} for update skip locked
    ),
    put_off as (
      update saga_instance saga set wake_at = saga.deadline from awake, clock
      where saga.saga_id = awake.saga_id and awake.deadline > clock.now
    )
    select ${columns}, (extract(epoch from clock.now) * 1000)::float8 as now
    from awake, clock where deadline <= clock.now order by saga_id`.execute(tx);
  return { now: rows[0]?.now ?? 0, instances: rows.map(instanceOf) };
}

async function insert<Db>(tx: Transaction<Db>, changes: readonly SagaChange[]): Promise<void> {
  if (changes.length === 0) return;
  try {
    await sql`
      with input as (select * from ${inputOf(changes)}),
      logged as (insert into saga_history (saga_id, version, at, entries) select saga_id, version, clock_timestamp(), entries from input)
      insert into saga_instance (saga_id, saga_name, definition_version, fingerprint, status, version, sequence, step, awaited, deadline, wake_at, data, actions,
        failure, last_error, traceparent, created_at, updated_at, ended_at)
      select saga_id, saga_name, definition_version, fingerprint, status, version, sequence, step, awaited, to_timestamp(deadline / 1000), to_timestamp(deadline / 1000),
        data, actions, failure, last_error, traceparent, coalesce(to_timestamp(started / 1000), clock_timestamp()), clock_timestamp(), case when ended then clock_timestamp() end
      from input order by saga_id`.execute(tx);
  } catch (error) {
    if (isUniqueViolation(error))
      throw new SagaError('DUPLICATE_SAGA', 'A saga of this id exists already', { cause: error });
    throw error;
  }
}

const NO_CONDITION = sql``;
const isFresh = (decidedAt: number) =>
  sql`and clock_timestamp() < to_timestamp(${(decidedAt + DEFAULTS.maxDecisionAgeMs) / 1_000}::float8)`;

/** Saves those of the changed instances that still have the version before. Two steps of one statement: `saved` has the ids of those that did. */
const saving = (changes: readonly SagaChange[], decidedAt?: number) => sql`
  with input as (select * from ${inputOf(changes)}),
  saved as (
    update saga_instance saga set
      status = input.status, version = input.version, sequence = input.sequence, step = input.step, awaited = input.awaited,
      deadline = to_timestamp(input.deadline / 1000),
      wake_at = case
        when input.deadline is null then null
        when saga.wake_at > clock_timestamp() and saga.wake_at <= to_timestamp(input.deadline / 1000) then saga.wake_at
        else to_timestamp(input.deadline / 1000) end,
      data = coalesce(input.data, saga.data), actions = input.actions, failure = input.failure, last_error = input.last_error,
      updated_at = clock_timestamp(), ended_at = case when input.ended then coalesce(saga.ended_at, clock_timestamp()) end
    from input where saga.saga_id = input.saga_id and saga.version = input.version - 1 ${decidedAt === undefined ? NO_CONDITION : isFresh(decidedAt)}
    returning saga.saga_id, saga.version, input.entries
  ),
  logged as (insert into saga_history (saga_id, version, at, entries) select saga_id, version, clock_timestamp(), entries from saved)`;

/** @throws {SagaError} STALE_INSTANCE unless all were saved; the statement fails then, so that a COMMIT which follows it commits nothing */
async function saveAll(
  changes: readonly SagaChange[],
  execute: (statement: RawBuilder<unknown>) => Promise<unknown>,
  decidedAt?: number,
): Promise<void> {
  try {
    await execute(sql`${saving(changes, decidedAt)} select 1 / (count(*) = ${changes.length})::integer from saved`);
  } catch (error) {
    if (!isDivisionByZero(error)) throw error;
    throw new SagaError(
      'STALE_INSTANCE',
      'Another process has saved one of these sagas since it was read; nothing was written',
    );
  }
}

async function saveUnlocked<Db>(
  database: Kysely<Db>,
  changes: readonly SagaChange[],
  decidedAt: number,
  clock: DatabaseClock,
): Promise<ReadonlySet<string>> {
  if (changes.length === 0) return new Set();
  // Null says that all were saved; an aggregate of no rows would be null as well.
  const { rows } = await sql<{ now: number; saved: string[] | null }>`
    ${saving(changes, decidedAt)}
    select ${clockMs} as now, case when count(*) < ${changes.length} then coalesce(array_agg(saga_id::text), '{}') end as saved from saved`.execute(
    database,
  );
  clock.hear(rows[0]!.now);
  return new Set(rows[0]!.saved ?? changes.map(({ instance }) => instance.id));
}

async function find<Db>(database: Kysely<Db>, id: string): Promise<StoredSaga | null> {
  const { rows } = await sql<
    InstanceRow & { created: number; updated: number; ended: number | null; history: HistoryRow[] | null }
  >`
    select ${columns}, (extract(epoch from created_at) * 1000)::float8 as created, (extract(epoch from updated_at) * 1000)::float8 as updated,
      (extract(epoch from ended_at) * 1000)::float8 as ended,
      (select json_agg(json_build_object('version', version, 'at', extract(epoch from at) * 1000, 'entries', entries) order by version)
        from saga_history history where history.saga_id = saga.saga_id) as history
    from saga_instance saga where saga_id = ${id}::uuid`.execute(database);
  const row = rows[0];
  if (!row) return null;
  return {
    instance: instanceOf(row),
    createdAt: row.created,
    updatedAt: row.updated,
    endedAt: row.ended,
    history: row.history ?? [],
  };
}

async function statuses<Db>(
  database: Kysely<Db>,
  ids: readonly string[],
): Promise<Map<string, SagaInstance['status']>> {
  const { rows } = await sql<{ saga_id: string; status: SagaInstance['status'] }>`
    select saga_id, status from saga_instance where saga_id in ${setOf('uuid', ids)}`.execute(database);
  return new Map(rows.map((row) => [row.saga_id, row.status]));
}

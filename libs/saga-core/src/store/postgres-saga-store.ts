/**
 * The saga store on PostgreSQL. Invariants kept here:
 * - The saga row is the truth; state, history, awaited command and deadline are saved by one statement in the caller's
 *   transaction.
 * - A deadline is a duration that the database adds to the sagas' clock when it saves; every statement that reads the
 *   clock is heard.
 * - Batches are locked in the order of their ids, so that two processes cannot deadlock.
 * - Every write is fenced by the version that was read.
 */
import { sql, type Kysely, type RawBuilder, type Transaction } from 'kysely';
import type { SagaInstance } from '../engine/instance.js';
import type {
  DefinitionKey,
  LockedBatch,
  SagaChange,
  SagaSession,
  SagaStore,
  StoredSaga,
} from '../orchestrator/saga-store.js';
import { SagaError } from '../errors.js';
import { CONSTANTS } from '../settings.js';
import { abandonerOf, sessionResetterOf } from './abandon-connection.js';
import { databaseAnswers } from './database-answers.js';
import { DatabaseClock, type ClockSample } from './database-clock.js';
import { isDivisionByZero, isLockTimeout, isUniqueViolation } from './database-errors.js';
import { excludingIds, keepReplies, sagasWithKeptReplies, takeKeptReplies } from './kept-replies.js';
import { isKnown } from './known-definitions.js';
import { executeLast } from './pipelining-driver.js';
import { absorbClockJump, CLOCK_SAMPLE, moment, readSagaTime, SHOWN_DEADLINE } from './saga-clock.js';
import { INSTANCE_COLUMNS, inputOf, instanceOf, type HistoryRow, type InstanceRow } from './saga-rows.js';
import { inSavepoint } from './savepoints.js';
import { unnestValues } from './unnest-rows.js';

const columns = sql`${sql.raw(INSTANCE_COLUMNS)}, (extract(epoch from deadline) * 1000)::float8 as until`;
const shownColumns = sql`${sql.raw(INSTANCE_COLUMNS)}, ${SHOWN_DEADLINE}`;

/**
 * @param database - must hold the tables of orchestratorMigrations
 * @returns the port's implementation
 */
export function postgresSagaStore<Db>(database: Kysely<Db>): SagaStore<Transaction<Db>> {
  const clock = new DatabaseClock();
  const within = (
    tx: Transaction<Db>,
    abandon: () => void,
    resetSession: () => Promise<void>,
  ): SagaSession<Transaction<Db>> => ({
    tx,
    now: () => readSagaTime(tx, clock),
    lock: (ids) => lock(tx, ids, clock),
    lockFree: (ids) => lockFree(tx, ids, clock),
    lockDue: (limit, definitions, except = []) => lockDue(tx, limit, definitions, except, clock),
    keepReplies: (replies) => keepReplies(tx, replies),
    lockKept: async (limit, definitions, only, except) => {
      const ids = await sagasWithKeptReplies(tx, limit, definitions, only, except);
      if (ids.length === 0) return { now: 0, instances: [], replies: [] };
      // Another process may take them first: its locks come before its taking. One that holds a lock holds up no other.
      const locked = await lock(tx, ids, clock, SKIP_LOCKED);
      const taken = locked.instances.map(({ id }) => id);
      return { ...locked, replies: await takeKeptReplies(tx, taken) };
    },
    insert: (changes) => insert(tx, changes, clock),
    save: async (changes) => {
      if (changes.length > 0)
        await saveAll(changes, clock, (statement) => statement.execute(tx).then(({ rows }) => rows));
    },
    saveLast: async (changes, decidedAt) => {
      if (changes.length > 0) await saveAll(changes, clock, (statement) => executeLast(tx, statement), decidedAt);
    },
    isolated: (work) => inSavepoint(tx, work),
    abandon,
    resetSession,
  });
  return {
    transaction: (work) =>
      database
        .transaction()
        .execute(async (tx) => work(within(tx, await abandonerOf(tx), await sessionResetterOf(tx)))),
    isReachable: () => databaseAnswers(database, 'saga_instance'),
    // The transaction is the caller's, and so is how it ends.
    within: (tx) =>
      within(
        tx,
        () => undefined,
        () => Promise.resolve(),
      ),
    saveUnlocked: (changes, decidedAt) => saveUnlocked(database, changes, decidedAt, clock),
    clock: () => clock.now(),
    absorbClockJump: () => absorbClockJump(database, clock),
    postponeEarlyTimers: (limit) => postponeEarlyTimers(database, limit, clock),
    find: (id) => find(database, id),
    statuses: (ids) => statuses(database, ids),
  };
}

const SKIP_LOCKED = sql`skip locked`;

/** @param others - what becomes of rows that others hold: it waits for them unless told otherwise */
async function lock<Db>(
  tx: Transaction<Db>,
  ids: readonly string[],
  clock: DatabaseClock,
  others = NO_CONDITION,
): Promise<LockedBatch> {
  const asked = clock.asking();
  const { rows } = await sql<InstanceRow & ClockSample>`
    select ${columns}, ${CLOCK_SAMPLE} from saga_instance where saga_id in ${unnestValues('uuid', ids)}
    order by saga_id for update ${others}`.execute(tx);
  const last = rows.at(-1);
  if (!last) return { now: await readSagaTime(tx, clock), instances: [] };
  return { now: clock.hear(last, asked), instances: rows.map(instanceOf) };
}

async function lockFree<Db>(
  tx: Transaction<Db>,
  ids: readonly string[],
  clock: DatabaseClock,
): Promise<LockedBatch & { held: readonly string[] }> {
  const locked = await lock(tx, ids, clock, SKIP_LOCKED);
  const found = new Set(locked.instances.map(({ id }) => id));
  const missing = ids.filter((id) => !found.has(id));
  if (missing.length === 0) return { ...locked, held: [] };
  const { rows } = await sql<{ id: string }>`
    select saga_id as id from saga_instance where saga_id in ${unnestValues('uuid', missing)}`.execute(tx);
  return { ...locked, held: rows.map(({ id }) => id) };
}

/**
 * `wake_at` is at most the deadline, not the deadline itself: each step moves the deadline, and an indexed column that
 * moved with it would cost every update its place on the page. It moves when it would be some seconds too early, so
 * that there are never many rows that wake early. One that does is passed over here, and {@link postponeEarlyTimers}
 * takes it out of the way. (That it is later than the beginning of time tells the planner, which knows nothing yet of a
 * young table, that few are due: it takes a range for narrower than half of one, and so the index instead of the
 * table.)
 */
async function lockDue<Db>(
  tx: Transaction<Db>,
  limit: number,
  definitions: readonly DefinitionKey[],
  except: readonly string[],
  clock: DatabaseClock,
): Promise<LockedBatch> {
  const asked = clock.asking();
  const { rows } = await sql<({ saga_id: null } & ClockSample) | (InstanceRow & ClockSample)>`
    with ${moment(clock)},
    due as (
      select ${columns} from saga_instance
      where wake_at > '-infinity' and wake_at <= (select now from moment) and deadline <= (select now from moment)
        and ${isKnown(definitions)} ${excludingIds(except)}
      order by wake_at limit ${limit} for update skip locked
    )
    select due.*, wall, shift from moment left join due on true order by saga_id`.execute(tx);
  const now = clock.hear(rows[0]!, asked);
  const due = clock.jump ? [] : rows.filter((row) => row.saga_id !== null);
  return { now, instances: due.map(instanceOf) };
}

/**
 * Has rows wake at their deadline that would wake before it, so that {@link lockDue} does not come upon them again and
 * again. It is a statement of its own, which
 * nothing due waits for: there are many of them where an earlier version of this has saved them.
 */
async function postponeEarlyTimers<Db>(database: Kysely<Db>, limit: number, clock: DatabaseClock): Promise<boolean> {
  const asked = clock.asking();
  const { rows } = await sql<{ early: number } & ClockSample>`
    with ${moment(clock)},
    early as (
      select saga_id from saga_instance
      where wake_at > '-infinity' and wake_at <= (select now from moment) and deadline > (select now from moment)
      order by wake_at limit ${limit} for update skip locked
    ),
    postponed as (
      update saga_instance set wake_at = deadline where saga_id = any(array(select saga_id from early)) and deadline > (select now from moment)
    )
    select (select count(*) from early)::integer as early, wall, shift from moment`.execute(database);
  clock.hear(rows[0]!, asked);
  return rows[0]!.early === limit;
}

/** @returns a time that is so many milliseconds from now on; null for null */
const after = (milliseconds: string) =>
  sql`(select now from moment) + ${sql.raw(milliseconds)} * interval '1 millisecond'`;

async function insert<Db>(tx: Transaction<Db>, changes: readonly SagaChange[], clock: DatabaseClock): Promise<void> {
  if (changes.length === 0) return;
  const asked = clock.asking();
  try {
    const { rows } = await sql<ClockSample>`
      with input as (select * from ${inputOf(changes)}),
      ${moment(clock)},
      logged as (insert into saga_history (saga_id, version, at, entries) select saga_id, version, clock_timestamp(), entries from input),
      inserted as (
        insert into saga_instance (saga_id, saga_name, definition_version, fingerprint, status, version, sequence, step, awaited, deadline, wake_at, data, actions,
          failure, last_error, traceparent, started_at, created_at, updated_at, ended_at)
        select saga_id, saga_name, definition_version, fingerprint, status, version, sequence, step, awaited, ${after('due_in')}, ${after('due_in')},
          data, actions, failure, last_error, traceparent, ${after('started')}, clock_timestamp(), clock_timestamp(), case when ended then clock_timestamp() end
        from input order by saga_id
      )
      select wall, shift from moment`.execute(tx);
    clock.hear(rows[0]!, asked);
  } catch (error) {
    if (isUniqueViolation(error))
      throw new SagaError('DUPLICATE_SAGA', 'A saga of this id exists already', { cause: error });
    throw error;
  }
}

const NO_CONDITION = sql``;
const isFresh = (decidedAt: number) =>
  sql`and abs(extract(epoch from told_now) * 1000 - ${decidedAt}::float8) < ${CONSTANTS.maxDecisionAgeMs}`;

/**
 * How long a statement waits for a row that another transaction holds. It is a column of what the UPDATE joins, so that
 * it is set before the first row is locked.
 */
const PATIENCE = sql`, set_config('lock_timeout', ${sql.lit(String(CONSTANTS.heldRowTimeoutMs))}, true) as patience`;

/** What a statement tells of the time that has a `moment`. */
const TOLD = sql`(select wall from moment) as wall, (select shift from moment) as shift`;

/**
 * Saves those of the changed instances that still have the version before. Two steps of one statement: `saved` has the
 * ids of those that did.
 *
 * @param decidedAt - for instances that were not locked: a row that another transaction holds is not waited for long,
 *   and the statement fails
 */
const saving = (changes: readonly SagaChange[], clock: DatabaseClock, decidedAt?: number) => sql`
  with input as (select * from ${inputOf(changes)}),
  ${moment(clock, decidedAt === undefined ? undefined : PATIENCE)},
  saved as (
    update saga_instance saga set
      status = input.status, version = input.version, sequence = input.sequence, step = input.step, awaited = input.awaited,
      deadline = case when keeps_deadline then saga.deadline else ${after('due_in')} end,
      wake_at = case
        when keeps_deadline then saga.wake_at
        when due_in is null then null
        when saga.wake_at > (select now from moment) and saga.wake_at <= ${after('due_in')}
          and saga.wake_at >= ${after(`(due_in - ${CONSTANTS.wakeEarlyMs})`)} then saga.wake_at
        else ${after('due_in')} end,
      data = coalesce(input.data, saga.data), actions = input.actions, failure = input.failure, last_error = input.last_error,
      updated_at = clock_timestamp(), ended_at = case when input.ended then coalesce(saga.ended_at, clock_timestamp()) end
    from input cross join moment
    where saga.saga_id = input.saga_id and saga.version = input.version - 1 ${decidedAt === undefined ? NO_CONDITION : isFresh(decidedAt)}
    returning saga.saga_id, saga.version, input.entries
  ),
  logged as (insert into saga_history (saga_id, version, at, entries) select saga_id, version, clock_timestamp(), entries from saved)`;

/**
 * @throws {SagaError} STALE_INSTANCE unless all were saved; the statement fails then, so that a COMMIT which follows it
 *   commits nothing
 */
async function saveAll(
  changes: readonly SagaChange[],
  clock: DatabaseClock,
  execute: (statement: RawBuilder<ClockSample>) => Promise<ClockSample[]>,
  decidedAt?: number,
): Promise<void> {
  const asked = clock.asking();
  try {
    const [heard] = await execute(
      sql`${saving(changes, clock, decidedAt)} select 1 / (count(*) = ${changes.length})::integer, ${TOLD} from saved`,
    );
    clock.hear(heard!, asked);
  } catch (error) {
    if (!isDivisionByZero(error) && !isHeld(error, decidedAt)) throw error;
    throw new SagaError(
      'STALE_INSTANCE',
      'Another process has saved one of these sagas since it was read, or is about to; nothing was written',
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
  const asked = clock.asking();
  try {
    // Null says that all were saved; an aggregate of no rows would be null as well.
    const { rows } = await sql<{ saved: string[] | null } & ClockSample>`
      ${saving(changes, clock, decidedAt)}
      select ${TOLD}, case when count(*) < ${changes.length} then coalesce(array_agg(saga_id::text), '{}') end as saved from saved`.execute(
      database,
    );
    clock.hear(rows[0]!, asked);
    return new Set(rows[0]!.saved ?? changes.map(({ instance }) => instance.id));
  } catch (error) {
    if (isHeld(error, decidedAt)) return new Set();
    throw error;
  }
}

/** @returns whether a row was waited for in vain: only instances that were not locked wait no longer than that */
const isHeld = (error: unknown, decidedAt: number | undefined): boolean =>
  decidedAt !== undefined && isLockTimeout(error);

async function find<Db>(database: Kysely<Db>, id: string): Promise<StoredSaga | null> {
  const { rows } = await sql<
    InstanceRow & { created: number; updated: number; ended: number | null; history: HistoryRow[] | null }
  >`
    select ${shownColumns}, (extract(epoch from created_at) * 1000)::float8 as created, (extract(epoch from updated_at) * 1000)::float8 as updated,
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
    select saga_id, status from saga_instance where saga_id in ${unnestValues('uuid', ids)}`.execute(database);
  return new Map(rows.map((row) => [row.saga_id, row.status]));
}

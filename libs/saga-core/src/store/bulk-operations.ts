/**
 * Bulk operations, kept so that they outlive the process that runs them: what matched at the beginning is noted, each
 * saga with the version that it had, and worked off. The version is what makes it safe to do again what may have been
 * done already.
 */
import { sql, type Kysely, type RawBuilder } from 'kysely';
import { uuidv7 } from 'uuidv7';
import { normalizedMessage } from './normalized-message.js';
import type { DefinitionKey } from '../orchestrator/saga-store.js';
import { isUniqueViolation } from './database-errors.js';
import { toJson, toText } from './json.js';
import { addAuditEntry, type AuditEntry } from './audit-log.js';
import { whereOf, type ListFilter } from './saga-listing.js';
import { unnestRows, unnestValues } from './unnest-rows.js';

/** Times are milliseconds since the epoch. */
export interface StoredBulkOperation {
  readonly id: string;
  readonly action: string;
  readonly filter: Readonly<Record<string, unknown>>;
  readonly status: 'running' | 'paused' | 'completed';
  readonly matched: number;
  readonly done: number;
  readonly failed: number;
  readonly failures: readonly { readonly sagaId: string; readonly message: string }[];
  readonly perSecond: number;
  readonly operator: string;
  readonly reason: string;
  readonly createdAt: number;
  readonly endedAt: number | null;
}

/** A saga that is still to be done, as it was when it matched. */
export interface BulkItem {
  readonly sagaId: string;
  readonly version: number;
}

/** The most failures that are kept with an operation, and shown of each in a list. */
const MOST_FAILURES = 100;
const MOST_FAILURES_LISTED = 10;
const firstOf = (list: string, count: number) => sql.raw(`jsonb_path_query_array(${list}, '$[0 to ${count - 1}]')`);
const BULK = sql`operation_id as id, action, filter, status, matched, done, failed, failures, per_second as "perSecond", operator, reason,
  (extract(epoch from created_at) * 1000)::float8 as "createdAt", (extract(epoch from ended_at) * 1000)::float8 as "endedAt"`;

/**
 * Notes an operation, all sagas that match, and that an operator has begun it, in one transaction.
 *
 * @param bulk.filter - as the client gave it: the same filter is the same operation, also when its message is only
 *   alike
 * @returns the operation, or null when one with this filter is not over
 */
export async function createBulkOperation<Db>(
  database: Kysely<Db>,
  bulk: Pick<StoredBulkOperation, 'action' | 'filter' | 'perSecond' | 'operator' | 'reason'>,
  filter: ListFilter,
): Promise<StoredBulkOperation | null> {
  const { action, perSecond, operator, reason } = bulk;
  const id = uuidv7();
  const given = sql`${toJson(bulk.filter)}::jsonb`;
  const kept =
    filter.message === undefined
      ? given
      : sql`${given} || jsonb_build_object('message', ${normalizedMessage(sql`${filter.message}::text`)})`;
  const insert = sql<StoredBulkOperation>`
      with matching as (
        insert into saga_bulk_item (operation_id, saga_id, version)
        select ${id}::uuid, saga_id, version from saga_instance ${whereOf(filter)} returning saga_id
      )
      insert into saga_bulk_operation (operation_id, action, filter, per_second, operator, reason, matched, status, ended_at)
      select ${id}::uuid, ${action}, ${kept}, ${perSecond}, ${toText(operator)}, ${toText(reason)}, count(*)::integer,
        case when count(*) = 0 then 'completed' else 'running' end, case when count(*) = 0 then clock_timestamp() end
      from matching returning ${BULK}`;
  try {
    return await database.transaction().execute(async (tx) => {
      const created = (await insert.execute(tx)).rows[0]!;
      const details = { operation: id, filter: created.filter, matched: created.matched, perSecond };
      await addAuditEntry(tx, { operator, reason, action: `bulk-${action}`, sagaId: null, details });
      return created;
    });
  } catch (error) {
    if (isUniqueViolation(error)) return null;
    throw error;
  }
}

/** @returns how many sagas match. */
export async function countSagas<Db>(database: Kysely<Db>, filter: ListFilter): Promise<number> {
  const { rows } = await sql<{
    count: number;
  }>`select count(*)::integer as count from saga_instance ${whereOf(filter)}`.execute(database);
  return rows[0]!.count;
}

/** @returns the last operations, newest first, each with the first few of its failures. */
export async function listBulkOperations<Db>(database: Kysely<Db>, limit: number): Promise<StoredBulkOperation[]> {
  const { rows } = await sql<StoredBulkOperation>`
    select ${BULK} from (
      select operation_id, action, filter, status, matched, done, failed, ${firstOf('failures', MOST_FAILURES_LISTED)} as failures, per_second, operator,
        reason, created_at, ended_at
      from saga_bulk_operation order by operation_id desc limit ${limit}
    ) as listed`.execute(database);
  return rows;
}

/** @returns an operation, or null. */
export async function findBulkOperation<Db>(database: Kysely<Db>, id: string): Promise<StoredBulkOperation | null> {
  const { rows } =
    await sql<StoredBulkOperation>`select ${BULK} from saga_bulk_operation where operation_id = ${id}`.execute(
      database,
    );
  return rows[0] ?? null;
}

/**
 * Pauses or resumes, and records who did.
 * @returns the operation as it is now, or null when there is none that is not over
 */
export async function setBulkOperationStatus<Db>(
  database: Kysely<Db>,
  id: string,
  status: 'running' | 'paused',
  { operator, reason }: Pick<AuditEntry, 'operator' | 'reason'>,
): Promise<StoredBulkOperation | null> {
  return database.transaction().execute(async (tx) => {
    const { rows } = await sql<StoredBulkOperation>`
      update saga_bulk_operation set status = ${status} where operation_id = ${id} and ended_at is null returning ${BULK}`.execute(
      tx,
    );
    const bulk = rows[0];
    if (!bulk) return null;
    const action = status === 'paused' ? 'pause-bulk' : 'resume-bulk';
    await addAuditEntry(tx, { operator, reason, action, sagaId: null, details: { operation: bulk.id } });
    return bulk;
  });
}

/**
 * Which items of operations a process can do: those of sagas whose definitions it knows, and of sagas that are no more.
 */
const isDoable = (definitions: readonly DefinitionKey[]) => sql`(saga.saga_id is null
  or (saga.saga_name, saga.definition_version) in (
    select name, version from jsonb_to_recordset(${toJson(definitions.map(({ name, version }) => ({ name, version })))}::jsonb)
      as known(name text, version integer)))`;

/**
 * Takes the oldest running operation that no process works on and that has something for this one, for a while.
 *
 * @param options.claimMs - for how long, in milliseconds; whoever works on holds it again before
 * @param options.definitions - those that this process knows
 * @param options.except - ids of operations that are not to be taken
 * @returns the operation, or null when there is none
 */
export async function claimBulkOperation<Db>(
  database: Kysely<Db>,
  {
    claimMs,
    definitions,
    except,
  }: { claimMs: number; definitions: readonly DefinitionKey[]; except: readonly string[] },
): Promise<StoredBulkOperation | null> {
  const isFree = sql`(worked_until is null or worked_until < clock_timestamp()) and operation_id not in ${unnestValues('uuid', except)}
    and exists (
      select from saga_bulk_item item left join saga_instance saga on saga.saga_id = item.saga_id
      where item.operation_id = operation.operation_id and ${isDoable(definitions)})`;
  return hold(database, claimMs, isFree);
}

/** Goes on holding an operation. @returns it as it is now, or null when it runs no more */
export const renewBulkClaim = <Db>(
  database: Kysely<Db>,
  id: string,
  claimMs: number,
): Promise<StoredBulkOperation | null> => hold(database, claimMs, sql`operation_id = ${id}`);

async function hold<Db>(
  database: Kysely<Db>,
  claimMs: number,
  which: RawBuilder<unknown>,
): Promise<StoredBulkOperation | null> {
  const { rows } = await sql<StoredBulkOperation>`
    update saga_bulk_operation set worked_until = clock_timestamp() + ${claimMs}::float8 * interval '1 millisecond'
    where operation_id = (
      select operation_id from saga_bulk_operation operation where ended_at is null and status = 'running' and (${which})
      order by operation_id limit 1 for update skip locked
    ) returning ${BULK}`.execute(database);
  return rows[0] ?? null;
}

/** Lets another process take an operation at once. */
export async function releaseBulkClaim<Db>(database: Kysely<Db>, id: string): Promise<void> {
  await sql`update saga_bulk_operation set worked_until = null where operation_id = ${id}`.execute(database);
}

/**
 * @param options.after - the id of the last saga of the page before; null for the first page
 * @param options.limit - the most
 * @param options.definitions - those that this process knows
 * @returns sagas that are still to be done and that this process can do, in the order of their ids
 */
export async function pendingBulkItems<Db>(
  database: Kysely<Db>,
  id: string,
  { after, limit, definitions }: { after: string | null; limit: number; definitions: readonly DefinitionKey[] },
): Promise<BulkItem[]> {
  const { rows } = await sql<BulkItem>`
    select item.saga_id as "sagaId", item.version from saga_bulk_item item left join saga_instance saga on saga.saga_id = item.saga_id
    where item.operation_id = ${id} and (${after}::uuid is null or item.saga_id > ${after}::uuid) and ${isDoable(definitions)}
    order by item.saga_id limit ${limit}`.execute(database);
  return rows;
}

/**
 * Notes what has been done, each saga once whoever did it, and ends the operation with its last.
 *
 * @param results - by saga: null when it was done, or why not
 */
export async function completeBulkItems<Db>(
  database: Kysely<Db>,
  id: string,
  results: readonly { readonly sagaId: string; readonly failure: string | null }[],
): Promise<void> {
  await sql`
    with settled as (
      delete from saga_bulk_item item using ${unnestRows('result', results, {
        saga_id: ['uuid', ({ sagaId }) => sagaId],
        failure: ['text', ({ failure }) => failure],
      })}
      where item.operation_id = ${id} and item.saga_id = result.saga_id returning item.saga_id, result.failure
    ), tally as (
      select (count(*) filter (where failure is null))::integer as done, (count(*) filter (where failure is not null))::integer as failed,
        coalesce(jsonb_agg(jsonb_build_object('sagaId', saga_id, 'message', failure)) filter (where failure is not null), '[]') as failures
      from settled
    )
    update saga_bulk_operation operation set done = operation.done + tally.done, failed = operation.failed + tally.failed,
      failures = ${firstOf('operation.failures || tally.failures', MOST_FAILURES)},
      status = case when operation.done + tally.done + operation.failed + tally.failed >= matched then 'completed' else status end,
      ended_at = case when operation.done + tally.done + operation.failed + tally.failed >= matched then clock_timestamp() end
    from tally where operation_id = ${id}`.execute(database);
}

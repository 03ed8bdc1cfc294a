/**
 * Purging what a participant remembers. Invariant kept here: a command whose row may have been purged is never taken
 * for a new one, nor its undo for one that came first. From a horizon on, the inbox refuses commands that it does not
 * know. It moves hourly and only forward, also when the retention is raised, and rows go only when they lie beyond the
 * place where it was an hour ago: no statement can be left that has not seen it there.
 */
import { sql, type Kysely, type RawBuilder } from 'kysely';
import { commandIdOf, type CommandIdentity } from '../contract/routing.js';
import { purgeRows, type Purge, type PurgeOptions } from './purge-rows.js';
import { unnestRows } from './unnest-rows.js';
import { isTimeOrdered, uuidOfAge } from './uuid-time.js';

/** No statement lasts as long. */
const MOVE_EVERY = sql.lit('1 hour');

/**
 * @returns SQL: whether commands of a saga are so old that they are only known if their row is still there. Ids that
 *   tell no time are never.
 */
export const isBeyondHorizon = (sagaId: RawBuilder<unknown>): RawBuilder<boolean> =>
  sql`(${isTimeOrdered(sagaId)} and exists (select from saga_inbox_horizon where ${sagaId} < first_saga_id))`;

/**
 * Purges inbox rows and delivery attempts of sagas that are older than the retention, oldest first, passing over what
 * another process holds.
 *
 * @param retentionMs - from the start of a saga, as its id tells it; rows of ids that are no UUIDv7 are kept for ever
 * @returns whether there may be more
 */
export async function purgeInbox<Db>(
  database: Kysely<Db>,
  retentionMs: number,
  options: PurgeOptions,
): Promise<boolean> {
  await sql`
    insert into saga_inbox_horizon as horizon (first_saga_id, purge_before, moved_at)
    values (${uuidOfAge(retentionMs)}, '00000000-0000-0000-0000-000000000000', now())
    on conflict (only_row) do update set
      first_saga_id = greatest(horizon.first_saga_id, excluded.first_saga_id), purge_before = horizon.first_saga_id,
      moved_at = now()
    where horizon.moved_at < now() - interval ${MOVE_EVERY}`.execute(database);
  const rows = await purgeRows(database, beforeHorizon<Db>(), options);
  const attempts = await purgeDeliveryAttempts(database, retentionMs, options.limit);
  return rows || attempts;
}

const beforeHorizon = <Db>(): Purge<Db, CommandIdentity> => ({
  nameOf: ({ sagaId, sequence }) => commandIdOf(sagaId, sequence),
  due: async (tx, limit, spared) => {
    const { rows } = await sql<CommandIdentity>`
      select saga_id as "sagaId", sequence from saga_inbox
      where saga_id < (select purge_before from saga_inbox_horizon) and ${isTimeOrdered(sql.ref('saga_id'))}
        and saga_id || ':' || sequence <> all(${[...spared]}::text[])
      order by saga_id, sequence limit ${limit} for update skip locked`.execute(tx);
    return rows;
  },
  remove: (tx, rows) =>
    sql`
      delete from saga_inbox inbox using ${unnestRows('old', rows, {
        saga_id: ['uuid', ({ sagaId }) => sagaId],
        sequence: ['integer', ({ sequence }) => sequence],
      })} where inbox.saga_id = old.saga_id and inbox.sequence = old.sequence`.execute(tx),
});

/**
 * Purges notes of processes that died over a message which has not come back since.
 *
 * @param retentionMs - from the last attempt
 * @param limit - the most rows
 * @returns whether there may be more
 */
export async function purgeDeliveryAttempts<Db>(
  database: Kysely<Db>,
  retentionMs: number,
  limit: number,
): Promise<boolean> {
  // There are hardly ever any rows, so no index leads to the old ones.
  const { rows } = await sql<{ purged: number }>`
    with old as (
      select saga_id, sequence, routing_key from saga_delivery_attempt
      where begun_at < now() - ${retentionMs}::float8 * interval '1 millisecond' limit ${limit} for update skip locked
    ),
    purged as (
      delete from saga_delivery_attempt attempt using old
      where attempt.saga_id = old.saga_id and attempt.sequence = old.sequence and attempt.routing_key = old.routing_key
      returning 1
    )
    select count(*)::integer as purged from purged`.execute(database);
  return rows[0]!.purged === limit;
}

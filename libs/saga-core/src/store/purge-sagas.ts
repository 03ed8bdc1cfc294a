import { sql, type Kysely } from 'kysely';
import { purgeDeliveryAttempts } from './purge-inbox.js';

/**
 * Purges sagas that ended before the retention, with their histories, oldest first, passing over what another process holds. Those that live or are stuck
 * have not ended.
 *
 * @param retentionMs - from the end of a saga
 * @param limit - the most sagas
 * @returns whether there may be more
 */
export async function purgeSagas<Db>(database: Kysely<Db>, retentionMs: number, limit: number): Promise<boolean> {
  const { rows } = await sql<{ purged: number }>`
    with old as (
      select saga_id from saga_instance where ended_at < now() - ${retentionMs}::float8 * interval '1 millisecond'
      order by ended_at limit ${limit} for update skip locked
    ),
    told as (delete from saga_history history using old where history.saga_id = old.saga_id),
    kept as (delete from saga_kept_reply reply using old where reply.saga_id = old.saga_id),
    purged as (delete from saga_instance saga using old where saga.saga_id = old.saga_id returning 1)
    select count(*)::integer as purged from purged`.execute(database);
  const attempts = await purgeDeliveryAttempts(database, retentionMs, limit);
  return rows[0]!.purged === limit || attempts;
}

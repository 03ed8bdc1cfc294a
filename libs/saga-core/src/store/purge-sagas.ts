import { sql, type Kysely } from 'kysely';
import { purgeDeliveryAttempts } from './purge-inbox.js';
import { purgeRows, type Purge, type PurgeOptions } from './purge-rows.js';
import { unnestValues } from './unnest-rows.js';

/**
 * Purges sagas that ended before the retention, with their histories, oldest first, passing over what another process
 * holds. Those that live or are stuck have not ended.
 *
 * @param retentionMs - from the end of a saga
 * @returns whether there may be more
 */
export async function purgeSagas<Db>(
  database: Kysely<Db>,
  retentionMs: number,
  options: PurgeOptions,
): Promise<boolean> {
  const sagas = await purgeRows(database, endedBefore<Db>(retentionMs), options);
  const attempts = await purgeDeliveryAttempts(database, retentionMs, options.limit);
  return sagas || attempts;
}

const endedBefore = <Db>(retentionMs: number): Purge<Db, string> => ({
  nameOf: (id) => id,
  due: async (tx, limit, spared) => {
    const { rows } = await sql<{ saga_id: string }>`
      select saga_id from saga_instance where ended_at < now() - ${retentionMs}::float8 * interval '1 millisecond'
        and saga_id <> all(${[...spared]}::uuid[])
      order by ended_at limit ${limit} for update skip locked`.execute(tx);
    return rows.map(({ saga_id }) => saga_id);
  },
  remove: (tx, ids) =>
    sql`
      with old as (select value as saga_id from ${unnestValues('uuid', ids)} as old(value)),
      told as (delete from saga_history history using old where history.saga_id = old.saga_id),
      kept as (delete from saga_kept_reply reply using old where reply.saga_id = old.saga_id)
      delete from saga_instance saga using old where saga.saga_id = old.saga_id`.execute(tx),
});

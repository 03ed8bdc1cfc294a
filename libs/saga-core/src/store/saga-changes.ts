/** What has changed lately, in whichever process. */
import { sql, type Kysely } from 'kysely';
import { LISTED_COLUMNS, listedOf, type ListedSaga } from './saga-listing.js';

/**
 * @param sinceMs - how long ago, in milliseconds. A change that is committed late bears an older time: look further back than to the last look.
 * @param limit - the most sagas
 * @returns the sagas that changed since, oldest change first. There is no index on that time, which each step would have to move: those that live are
 *   looked through.
 */
export async function changedSagas<Db>(database: Kysely<Db>, sinceMs: number, limit: number): Promise<ListedSaga[]> {
  const since = sql`clock_timestamp() - ${sinceMs}::float8 * interval '1 millisecond'`;
  const { rows } = await sql<Parameters<typeof listedOf>[0]>`
    select ${LISTED_COLUMNS} from saga_instance
    where (wake_at is not null or status = 'stuck' or ended_at > ${since}) and updated_at > ${since}
    order by updated_at desc limit ${limit}`.execute(database);
  return rows.map(listedOf).reverse();
}

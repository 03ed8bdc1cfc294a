/** What has changed lately, in whichever process. */
import { sql, type Kysely } from 'kysely';
import { LISTED_COLUMNS, listedOf, type ListedSaga } from './saga-listing.js';
import { unnestValues } from './unnest-rows.js';

/** A saga, and the version that it has now. */
export interface ChangedSaga {
  readonly id: string;
  readonly version: number;
}

/**
 * @param sinceMs - how long ago, in milliseconds. A change that is committed late bears an older time: look further
 *   back than to the last look.
 * @param limit - the most sagas
 * @returns the sagas that changed since, newest change first. There is no index on that time, which each step would
 *   have to move: those that live are looked through.
 */
export async function changedSagas<Db>(database: Kysely<Db>, sinceMs: number, limit: number): Promise<ChangedSaga[]> {
  const since = sql`clock_timestamp() - ${sinceMs}::float8 * interval '1 millisecond'`;
  const { rows } = await sql<ChangedSaga>`
    select saga_id as id, version from saga_instance
    where (wake_at is not null or status = 'stuck' or ended_at > ${since}) and updated_at > ${since}
    order by updated_at desc limit ${limit}`.execute(database);
  return rows;
}

/** @returns these sagas as they are now, oldest change first. */
export async function listedSagas<Db>(database: Kysely<Db>, ids: readonly string[]): Promise<ListedSaga[]> {
  const { rows } = await sql<Parameters<typeof listedOf>[0]>`
    select ${LISTED_COLUMNS} from saga_instance where saga_id in ${unnestValues('uuid', ids)} order by updated_at`.execute(
    database,
  );
  return rows.map(listedOf);
}

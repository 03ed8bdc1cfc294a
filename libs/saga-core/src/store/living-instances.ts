import { sql, type Kysely } from 'kysely';
import type { SagaShape } from '../definition/shape.js';

/** How many instances of a definition have not ended. */
export interface LivingInstances {
  readonly name: string;
  readonly version: number;
  /** Null for those that were started before fingerprints were noted. */
  readonly fingerprint: string | null;
  /** The steps of the fingerprint; null where nobody wrote them down. */
  readonly shape: SagaShape | null;
  /** The stuck ones included. */
  readonly count: number;
  readonly stuck: number;
}

/**
 * @returns the definitions of which instances have not ended. Those that live have a timer, and those that are stuck an
 *   index: what has ended is not read.
 */
export async function livingInstances<Db>(database: Kysely<Db>): Promise<LivingInstances[]> {
  const { rows } = await sql<LivingInstances>`
    select name, version, fingerprint, steps as shape, count, stuck
    from (
      select saga_name as name, definition_version as version, fingerprint, count(*)::integer as count, (count(*) filter (where stuck))::integer as stuck
      from (
        select saga_name, definition_version, fingerprint, false as stuck from saga_instance where wake_at is not null
        union all
        select saga_name, definition_version, fingerprint, true from saga_instance where status = 'stuck'
      ) as alive
      group by saga_name, definition_version, fingerprint
    ) as living
    left join saga_shape using (fingerprint) order by name, version, fingerprint`.execute(database);
  return rows;
}

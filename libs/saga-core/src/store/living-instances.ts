import { sql, type Kysely } from 'kysely';
import type { DefinitionKey } from '../engine/saga-store.js';

/** How many instances of a definition have not ended. */
export interface LivingInstances extends DefinitionKey {
  /** The stuck ones included. */
  readonly count: number;
  readonly stuck: number;
}

/** @returns the definitions of which instances have not ended. Those that live have a timer, and those that are stuck an index: what has ended is not read. */
export async function livingInstances<Db>(database: Kysely<Db>): Promise<LivingInstances[]> {
  const { rows } = await sql<LivingInstances>`
    select saga_name as name, definition_version as version, count(*)::integer as count, (count(*) filter (where stuck))::integer as stuck
    from (
      select saga_name, definition_version, false as stuck from saga_instance where wake_at is not null
      union all
      select saga_name, definition_version, true from saga_instance where status = 'stuck'
    ) as alive
    group by saga_name, definition_version order by saga_name, definition_version`.execute(database);
  return rows;
}

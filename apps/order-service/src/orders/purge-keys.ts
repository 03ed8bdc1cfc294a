import { sql, type Kysely } from 'kysely';
import type { OrderDatabase } from '../database.js';

/**
 * Purges Idempotency-Keys that are past their retention, oldest first, passing over what another process holds. A
 * request with such a key begins a new order; the order of the old one stays.
 *
 * @param retentionMs - from a key's first use
 * @param limit - the most keys
 * @returns whether there may be more
 */
export async function purgeKeys(database: Kysely<OrderDatabase>, retentionMs: number, limit: number): Promise<boolean> {
  const { numAffectedRows } = await sql`
    with old as (
      select key from idempotency_key where created_at < now() - ${retentionMs}::float8 * interval '1 millisecond'
      order by created_at limit ${limit} for update skip locked
    )
    delete from idempotency_key using old where idempotency_key.key = old.key`.execute(database);
  return numAffectedRows === BigInt(limit);
}

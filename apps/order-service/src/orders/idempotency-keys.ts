/**
 * Invariant: one Idempotency-Key, one order. The primary key of `idempotency_key` keeps it, also between processes: whoever comes second waits for
 * the end of the first one's transaction and then finds its order, or, if that was rolled back, is the first itself.
 */
import { sql, type Transaction } from 'kysely';
import { setAsTable, setOf } from 'saga-core';
import type { OrderDatabase } from '../database.js';

/** A request's claim to be the first with its key. */
export interface KeyClaim {
  readonly key: string;
  readonly requestHash: string;
  /** The order that it would begin. */
  readonly orderId: string;
}

/** The order that a key belongs to, and the request that began it. */
export type KeyOwner = Omit<KeyClaim, 'key'>;

/**
 * Claims keys, in the order of the keys, so that two processes cannot deadlock over them. Of two equal keys in one set, one wins.
 *
 * @returns for each key the order that owns it: of the claim itself when that was the first
 */
export async function claimKeys(
  tx: Transaction<OrderDatabase>,
  claims: readonly KeyClaim[],
): Promise<Map<string, KeyOwner>> {
  if (claims.length === 0) return new Map();
  await sql`
    insert into idempotency_key (key, request_hash, order_id)
    select * from ${setAsTable('claim', claims, {
      key: ['text', ({ key }) => key],
      request_hash: ['text', ({ requestHash }) => requestHash],
      order_id: ['uuid', ({ orderId }) => orderId],
    })}
    order by key
    on conflict do nothing`.execute(tx);
  // A statement of its own: the one above cannot see what others committed while it waited for them.
  const owners = await tx
    .selectFrom('idempotency_key')
    .select(['key', 'request_hash', 'order_id'])
    .where(
      'key',
      'in',
      setOf(
        'text',
        claims.map(({ key }) => key),
      ),
    )
    .execute();
  const found = new Map(
    owners.map(({ key, request_hash, order_id }) => [key, { requestHash: request_hash, orderId: order_id }]),
  );
  // A key that was purged between the two statements is free now.
  const free = claims.filter(({ key }) => !found.has(key));
  return free.length === 0 ? found : new Map([...found, ...(await claimKeys(tx, free))]);
}

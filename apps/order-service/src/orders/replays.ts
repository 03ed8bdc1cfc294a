/** Requests that come again: an Idempotency-Key leads to the order that an earlier one has begun. */
import type { Kysely } from 'kysely';
import type { OrderDatabase } from '../database.js';
import type { Claim, Outcome } from './candidate.js';
import { findOwners, type KeyOwner } from './idempotency-keys.js';
import { keyReused } from './order-problems.js';
import { findOrders } from './order-queries.js';
import type { Order } from './order-schemas.js';

/** @returns what the caller of a request is told whose key, if it has one, belongs to `owner` */
export function outcomeOf(
  claim: Claim | null,
  owner: KeyOwner,
  orders: ReadonlyMap<string, Order>,
  replayed: boolean,
): Outcome {
  if (claim && claim.requestHash !== owner.requestHash) return keyReused();
  const order = orders.get(owner.orderId);
  return order ? { order, replayed } : new Error(`Order ${owner.orderId} is gone`);
}

/**
 * Looks up what earlier requests have begun. It waits for nobody: what is not committed yet is not there.
 *
 * @returns what the callers of those requests are told whose keys have an order; the others are missing in it
 */
export async function findEarlier(
  database: Kysely<OrderDatabase>,
  claims: readonly Claim[],
): Promise<Map<Claim, Outcome>> {
  if (claims.length === 0) return new Map();
  const owners = await findOwners(
    database,
    claims.map(({ key }) => key),
  );
  if (owners.size === 0) return new Map();
  const orders = await findOrders(
    database,
    [...owners.values()].map(({ orderId }) => orderId),
  );
  return new Map(
    claims.flatMap((claim) => {
      const owner = owners.get(claim.key);
      return owner ? [[claim, outcomeOf(claim, owner, orders, true)] as const] : [];
    }),
  );
}

/** Invariant: when the connection is lost during COMMIT, what became of the transaction is looked up, never guessed. */
import { setTimeout as pause } from 'node:timers/promises';
import { sql, type Kysely } from 'kysely';
import type { Logger } from 'saga-core';
import type { OrderDatabase } from '../database.js';
import { findOrders } from './order-queries.js';
import type { Order } from './order-schemas.js';

/** For how long the database is asked, and how long the pauses between are. */
const LOOKUP_MS = 5_000;
const PAUSE_MS = 200;

/**
 * Finds out which orders a lost transaction has committed.
 *
 * @param ids - of the orders that it would have inserted
 * @returns the orders that are there; every other one is not, and never will be. null when the database does not tell
 *   within some seconds.
 */
export async function findCommitted(
  database: Kysely<OrderDatabase>,
  ids: readonly string[],
  logger: Logger,
): Promise<Map<string, Order> | null> {
  const end = performance.now() + LOOKUP_MS;
  while (performance.now() < end) {
    try {
      return await lookUp(database, ids);
    } catch (error) {
      logger.warn({ err: error }, 'orders of unknown outcome cannot be looked up yet');
      await pause(PAUSE_MS);
    }
  }
  return null;
}

/**
 * A row that is not seen may still be committed: the server may not have finished with the lost connection. So the same
 * ids are inserted again, and taken back: an insert waits for a transaction that has inserted its key (here a second at
 * most), and does nothing when that one has committed.
 */
async function lookUp(database: Kysely<OrderDatabase>, ids: readonly string[]): Promise<Map<string, Order>> {
  const tx = await database.startTransaction().execute();
  try {
    await sql`set local lock_timeout = '1s'`.execute(tx);
    const { rows: inserted } = await sql<{ order_id: string }>`
      insert into orders (order_id, saga_id, consumer_id, restaurant_id, card_id, price, items)
      select id, id, 1, 1, 1, 1, '[]' from unnest(${[...ids]}::uuid[]) as missing (id) order by id
      on conflict do nothing returning order_id`.execute(tx);
    const missing = new Set(inserted.map(({ order_id }) => order_id));
    const orders = await findOrders(tx, ids);
    return new Map([...orders].filter(([id]) => !missing.has(id)));
  } finally {
    await tx.rollback().execute();
  }
}

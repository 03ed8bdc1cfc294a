/** Reads orders. */
import type { Kysely, Selectable, Transaction } from 'kysely';
import { createBatcher, executeLast, unnestValues } from 'saga-core';
import type { OrderDatabase, OrderTable } from '../database.js';
import type { OrderStatus } from './order.js';
import type { Order } from './order-schemas.js';

function orderOf(row: Selectable<OrderTable>): Order {
  return {
    id: row.order_id,
    status: row.status,
    consumerId: row.consumer_id,
    restaurantId: row.restaurant_id,
    cardId: row.card_id,
    price: row.price,
    items: [...row.items],
    ticketId: row.ticket_id,
    authorizationId: row.authorization_id,
    rejection: row.rejection,
    sagaId: row.saga_id,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

/** @returns those of the orders that exist, by their ids. */
export const findOrders = async (
  database: Kysely<OrderDatabase>,
  ids: readonly string[],
): Promise<Map<string, Order>> => byId(await ordersOf(database, ids).execute());

/** The same as the last statement of a transaction, which is committed with it, in one round trip. */
export const findOrdersAndCommit = async (
  tx: Transaction<OrderDatabase>,
  ids: readonly string[],
): Promise<Map<string, Order>> => byId(await executeLast(tx, ordersOf(tx, ids)));

/** One parameter for all ids: a text for each number of them would be planned anew each time. */
const ordersOf = (database: Kysely<OrderDatabase>, ids: readonly string[]) =>
  database.selectFrom('orders').selectAll().where('order_id', 'in', unnestValues('uuid', ids));

const byId = (rows: readonly Selectable<OrderTable>[]): Map<string, Order> =>
  new Map(rows.map((row) => [row.order_id, orderOf(row)]));

/** Finds an order; null when there is none of this id. */
export type FindOrder = (id: string) => Promise<Order | null>;

/**
 * @returns a function that finds one order. Calls that come together share a statement: the waits for a batch of sagas
 *   all end at once.
 */
export function orderFinder(database: Kysely<OrderDatabase>): FindOrder {
  const findBatch = async (ids: readonly string[]): Promise<(Order | null)[]> => {
    const found = await findOrders(database, ids);
    // The database gives ids in lower case.
    return ids.map((id) => found.get(id.toLowerCase()) ?? null);
  };
  return createBatcher(findBatch, { maxBatchSize: 200 });
}

/**
 * One page of orders, newest first. Pages are cut by id, so an order that comes or changes meanwhile neither doubles
 * nor hides another one.
 *
 * @param options.olderThan - the last id of the page before
 * @returns the orders, and whether older ones follow
 */
export async function listOrders(
  database: Kysely<OrderDatabase>,
  options: { status?: OrderStatus; limit: number; olderThan: string | null },
): Promise<{ orders: Order[]; more: boolean }> {
  const { status, limit, olderThan } = options;
  const rows = await database
    .selectFrom('orders')
    .selectAll()
    .$if(status !== undefined, (query) => query.where('status', '=', status!))
    .$if(olderThan !== null, (query) => query.where('order_id', '<', olderThan!))
    .orderBy('order_id', 'desc')
    .limit(limit + 1)
    .execute();
  return { orders: rows.slice(0, limit).map(orderOf), more: rows.length > limit };
}

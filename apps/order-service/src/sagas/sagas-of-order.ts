import type { Kysely } from 'kysely';
import type { OrderDatabase } from '../database.js';

/** @returns the saga that decides an order, by the order's primary key; none when there is no such order */
export async function sagasOfOrder(database: Kysely<OrderDatabase>, orderId: string): Promise<string[]> {
  const rows = await database.selectFrom('orders').select('saga_id').where('order_id', '=', orderId).execute();
  return rows.map(({ saga_id }) => saga_id);
}

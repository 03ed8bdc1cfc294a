/** The saga's first step: the order appears, APPROVAL_PENDING, in the transaction that starts its saga. */
import { inSets, type LocalInput } from 'saga-core';
import { sql, type Transaction } from 'kysely';
import type { CreateOrderData } from '../create-order-saga/create-order-data.js';
import type { OrderDatabase } from '../database.js';

/** Inserts the orders of a set of sagas by one statement: one JSON parameter, however many they are. */
export const createOrders = inSets(
  async (tx: Transaction<OrderDatabase>, inputs: readonly LocalInput<CreateOrderData>[]): Promise<undefined[]> => {
    const rows = inputs.map(({ sagaId, data }) => ({
      order_id: data.orderId,
      saga_id: sagaId,
      consumer_id: data.consumerId,
      restaurant_id: data.restaurantId,
      card_id: data.cardId,
      price: data.price,
      items: data.items,
    }));
    await sql`
      insert into orders (order_id, saga_id, consumer_id, restaurant_id, card_id, price, items)
      select order_id, saga_id, consumer_id, restaurant_id, card_id, price, items
      from json_to_recordset(${JSON.stringify(rows)}::json) as created (
        order_id uuid, saga_id uuid, consumer_id integer, restaurant_id integer, card_id integer, price integer, items jsonb
      )`.execute(tx);
    return inputs.map(() => undefined);
  },
);

/** The saga's first step: the order appears, APPROVAL_PENDING, in the transaction that starts its saga. */
import { inBatches, unnestRows, type LocalInput } from 'saga-core';
import { sql, type Transaction } from 'kysely';
import type { CreateOrderData } from '../create-order-saga/create-order-data.js';
import type { OrderDatabase } from '../database.js';

/** Inserts the orders of a batch of sagas by one statement. */
export const createOrders = inBatches(
  async (tx: Transaction<OrderDatabase>, inputs: readonly LocalInput<CreateOrderData>[]): Promise<undefined[]> => {
    await sql`
      insert into orders (order_id, saga_id, consumer_id, restaurant_id, card_id, price, items)
      select * from ${unnestRows('created', inputs, {
        order_id: ['uuid', ({ data }) => data.orderId],
        saga_id: ['uuid', ({ sagaId }) => sagaId],
        consumer_id: ['integer', ({ data }) => data.consumerId],
        restaurant_id: ['integer', ({ data }) => data.restaurantId],
        card_id: ['integer', ({ data }) => data.cardId],
        price: ['integer', ({ data }) => data.price],
        items: ['jsonb', ({ data }) => data.items],
      })}`.execute(tx);
    return inputs.map(() => undefined);
  },
);

/** The undo of the saga's first step: APPROVAL_PENDING → REJECTED, with the reason. */
import { inBatches, unnestRows, toJson, type LocalInput } from 'saga-core';
import { sql, type Transaction } from 'kysely';
import type { CreateOrderData } from '../create-order-saga/create-order-data.js';
import type { OrderDatabase } from '../database.js';
import { checkedChange } from './checked-change.js';

/**
 * Rejects the orders of a batch of sagas by one statement, and notes the step that failed; also the ticket and the
 * authorization, undone by now, if the saga came to know them.
 *
 * @throws {Error} when an order is not APPROVAL_PENDING, for nothing else than its own saga ends it
 */
export const rejectOrders = inBatches(
  async (tx: Transaction<OrderDatabase>, inputs: readonly LocalInput<CreateOrderData>[]): Promise<undefined[]> => {
    const changed = await sql<{ order_id: string }>`
      update orders
      set status = 'REJECTED', ticket_id = rejected.ticket_id, authorization_id = rejected.authorization_id,
          rejection = rejected.rejection, updated_at = now()
      from ${unnestRows('rejected', inputs, {
        order_id: ['uuid', ({ data }) => data.orderId],
        saga_id: ['uuid', ({ sagaId }) => sagaId],
        ticket_id: ['uuid', ({ data }) => data.ticketId],
        authorization_id: ['uuid', ({ data }) => data.authorizationId],
        rejection: [
          'jsonb',
          ({ failure }) => failure && { step: failure.step, code: failure.code, message: failure.message },
          // The words are a participant's.
          toJson,
        ],
      })}
      where orders.order_id = rejected.order_id and orders.saga_id = rejected.saga_id and (orders.status = 'APPROVAL_PENDING') is true
      returning orders.order_id`.execute(tx);
    return checkedChange('reject', inputs, changed.rows);
  },
);

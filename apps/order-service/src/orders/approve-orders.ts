/** The saga's last step: APPROVAL_PENDING → APPROVED. */
import { inBatches, unnestRows, type LocalInput } from 'saga-core';
import { sql, type Transaction } from 'kysely';
import type { CreateOrderData } from '../create-order-saga/create-order-data.js';
import type { OrderDatabase } from '../database.js';
import { checkedChange } from './checked-change.js';

/**
 * Approves the orders of a batch of sagas by one statement, and notes ticket and authorization. The status is asked for
 * by an expression that no index serves: a planner that has seen few pending orders would look for them by their
 * status, among all that ever were pending, instead of for these by their ids.
 *
 * @throws {Error} when an order is not APPROVAL_PENDING, for nothing else than its own saga ends it
 */
export const approveOrders = inBatches(
  async (tx: Transaction<OrderDatabase>, inputs: readonly LocalInput<CreateOrderData>[]): Promise<undefined[]> => {
    const changed = await sql<{ order_id: string }>`
      update orders
      set status = 'APPROVED', ticket_id = approved.ticket_id, authorization_id = approved.authorization_id, updated_at = now()
      from ${unnestRows('approved', inputs, {
        order_id: ['uuid', ({ data }) => data.orderId],
        saga_id: ['uuid', ({ sagaId }) => sagaId],
        ticket_id: ['uuid', ({ data }) => data.ticketId],
        authorization_id: ['uuid', ({ data }) => data.authorizationId],
      })}
      where orders.order_id = approved.order_id and orders.saga_id = approved.saga_id and (orders.status = 'APPROVAL_PENDING') is true
      returning orders.order_id`.execute(tx);
    return checkedChange('approve', inputs, changed.rows);
  },
);

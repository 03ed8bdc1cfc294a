/**
 * The create-order saga of "Microservices Patterns", from top to bottom. Up to the card's authorization every effect
 * can be undone; from then on there is only forward.
 */
import { accountingService, consumerService, restaurantService } from 'messages';
import type { Transaction } from 'kysely';
import { defineSaga, stepsFor } from 'saga-core';
import type { OrderDatabase } from '../database.js';
import { approveOrders } from '../orders/approve-orders.js';
import { createOrders } from '../orders/create-orders.js';
import { kitchenItems } from '../orders/order.js';
import { rejectOrders } from '../orders/reject-orders.js';
import { CreateOrderData } from './create-order-data.js';

const { verifyConsumerDetails } = consumerService.commands;
const { createTicket, approveTicket, rejectTicket } = restaurantService.commands;
const { authorizeCard, reverseAuthorization } = accountingService.commands;

const { compensatable, readOnly, pivot, retriable } = stepsFor<CreateOrderData, Transaction<OrderDatabase>>();

export const createOrderSaga = defineSaga({
  name: 'create_order_saga',
  version: 1,
  data: CreateOrderData,
  logFields: ({ orderId }) => ({ orderId }),
  steps: [
    compensatable({
      local: { name: 'create_order', handle: createOrders },
      undo: { name: 'reject_order', handle: rejectOrders },
    }),
    readOnly({
      command: verifyConsumerDetails,
      payload: ({ orderId, consumerId }) => ({ orderId, consumerId }),
    }),
    compensatable({
      command: createTicket,
      payload: ({ orderId, restaurantId, items }) => ({ orderId, restaurantId, items: kitchenItems(items) }),
      onReply: (_order, { ticketId }) => ({ ticketId }),
      // A restaurant that does not answer must not keep its customer waiting: two tries, then the order is rejected.
      replyTimeoutMs: 2_000,
      attempts: 2,
      undo: { command: rejectTicket, payload: ({ orderId }) => ({ orderId }) },
    }),
    pivot({
      command: authorizeCard,
      payload: ({ orderId, consumerId, cardId, price }) => ({ orderId, consumerId, cardId, amount: price }),
      onReply: (_order, { authorizationId }) => ({ authorizationId }),
      undo: { command: reverseAuthorization, payload: ({ orderId }) => ({ orderId }) },
    }),
    retriable({
      command: approveTicket,
      payload: ({ orderId, ticketId }) => ({ orderId, ticketId: known(ticketId) }),
    }),
    retriable({
      local: { name: 'approve_order', handle: approveOrders },
    }),
  ],
});

/** All versions that may have living instances, the newest first; earlier ones by `earlierVersion`. */
export const createOrderSagas = [createOrderSaga];

function known(ticketId: string | undefined): string {
  if (ticketId === undefined) throw new Error('The ticket is approved before it is known');
  return ticketId;
}

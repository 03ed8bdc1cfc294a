import { Type } from '@sinclair/typebox';
import { defineCommand } from 'saga-core';
import { OrderId, TicketId } from '../fields.js';

/** Tells a restaurant that the order stands. It comes after the pivot and is tried until it succeeds. */
export const approveTicket = defineCommand({
  task: 'restaurant_service.approve_ticket',
  description: 'Approves a ticket: the kitchen may cook.',
  payload: Type.Object({ orderId: OrderId, ticketId: TicketId }),
  reply: Type.Object({}),
  refusals: {
    TICKET_NOT_PENDING: 'The order has no such ticket, or the ticket no longer waits for approval.',
  },
});

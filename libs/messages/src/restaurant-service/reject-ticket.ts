import { Type } from '@sinclair/typebox';
import { defineUndo } from 'saga-core';
import { OrderId } from '../fields.js';
import { createTicket } from './create-ticket.js';

/**
 * Takes create_ticket back. It names the order, because whoever sends it may never have learned the id of the ticket.
 */
export const rejectTicket = defineUndo({
  task: 'restaurant_service.reject_ticket',
  description: 'Rejects the ticket that waits for approval; the kitchen will not cook it.',
  undoes: createTicket,
  payload: Type.Object({ orderId: OrderId }),
});

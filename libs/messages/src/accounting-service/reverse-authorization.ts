import { Type } from '@sinclair/typebox';
import { defineUndo } from 'saga-core';
import { OrderId } from '../fields.js';
import { authorizeCard } from './authorize-card.js';

/**
 * Takes authorize_card back. It names the order, because whoever sends it may never have learned the id of the
 * authorization.
 */
export const reverseAuthorization = defineUndo({
  task: 'accounting_service.reverse_authorization',
  description: 'Reverses the authorization of an order: the amount is free again.',
  undoes: authorizeCard,
  payload: Type.Object({ orderId: OrderId }),
});

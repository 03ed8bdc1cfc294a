import { Type } from '@sinclair/typebox';
import { defineCommand } from 'saga-core';
import { Amount, AuthorizationId, CardId, ConsumerId, OrderId } from '../fields.js';

/** Reserves the price on a card: once it is answered with success, the order only goes forward. */
export const authorizeCard = defineCommand({
  task: 'accounting_service.authorize_card',
  description: 'Authorizes the price of an order on a card.',
  payload: Type.Object({ orderId: OrderId, consumerId: ConsumerId, cardId: CardId, amount: Amount }),
  reply: Type.Object({ authorizationId: AuthorizationId }),
  refusals: {
    CARD_NOT_FOUND: 'There is no card with this id.',
    CARD_BLOCKED: 'The card is blocked.',
    LIMIT_EXCEEDED: 'The amount is over what the card allows for one payment.',
    ORDER_HAS_AUTHORIZATION: 'The order has an authorization already, be it one that was reversed.',
  },
});

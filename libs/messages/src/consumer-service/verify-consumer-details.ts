import { Type } from '@sinclair/typebox';
import { defineCommand } from 'saga-core';
import { ConsumerId, OrderId } from '../fields.js';

/** Asks whether a consumer may order. It changes nothing, so there is nothing to undo. */
export const verifyConsumerDetails = defineCommand({
  task: 'consumer_service.verify_consumer_details',
  description: 'Verifies that a consumer exists and may place an order.',
  payload: Type.Object({ orderId: OrderId, consumerId: ConsumerId }),
  reply: Type.Object({
    name: Type.String({
      minLength: 1,
      maxLength: 200,
      description: "The consumer's name.",
      examples: ['Ada Lovelace'],
    }),
  }),
  refusals: {
    CONSUMER_NOT_FOUND: 'There is no consumer with this id.',
    CONSUMER_SUSPENDED: 'The consumer is suspended and may not order.',
  },
});

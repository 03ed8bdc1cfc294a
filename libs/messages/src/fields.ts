/** Fields that several commands share: one meaning, one unit, one bound. */
import { Type } from '@sinclair/typebox';
import { UUID_PATTERN } from 'saga-core';

/** The largest id and the largest amount: both stand in four-byte integer columns. */
const MAX_INTEGER = 2_147_483_647;

/** As many as order-service lets one order have in all, so that no order fails at its contract alone. */
const MAX_PORTIONS = 10_000;

/** @returns the schema of an id that another service gave out as a number. */
const numericId = (description: string, example: number) =>
  Type.Integer({ minimum: 1, maximum: MAX_INTEGER, description, examples: [example] });

/** @returns the schema of a UUID, in lower case. */
const uuid = (description: string, example: string) =>
  Type.String({ pattern: UUID_PATTERN, description, examples: [example] });

export const OrderId = uuid('The order, as order-service knows it.', '0190b0a0-0000-7000-8000-000000000001');
export const TicketId = uuid('The ticket, as restaurant-service knows it.', '0190b0a0-0000-7000-8000-000000000002');
export const AuthorizationId = uuid(
  'The authorization, as accounting-service knows it.',
  '0190b0a0-0000-7000-8000-000000000003',
);
export const ConsumerId = numericId('The consumer who orders.', 70);
export const RestaurantId = numericId('The restaurant that cooks.', 1);
export const CardId = numericId('The card that pays.', 1);

export const Amount = Type.Integer({
  minimum: 1,
  maximum: MAX_INTEGER,
  description: 'Money in minor units: 2000 is 20.00.',
  examples: [2000],
});

export const OrderItem = Type.Object(
  {
    name: Type.String({
      minLength: 1,
      maxLength: 200,
      description: 'The dish, by its name on the menu.',
      examples: ['Dish 1'],
    }),
    quantity: Type.Integer({ minimum: 1, maximum: MAX_PORTIONS, description: 'How many of it.', examples: [2] }),
  },
  { title: 'OrderItem', description: 'One line of an order.' },
);

export const OrderItems = Type.Array(OrderItem, { minItems: 1, maxItems: 100, description: 'What is ordered.' });

/** What one run of the create-order saga knows. */
import { Type, type Static } from '@sinclair/typebox';
import { UUID_PATTERN } from 'saga-core';

const Uuid = Type.String({ pattern: UUID_PATTERN });
const PositiveInt = Type.Integer({ minimum: 1, maximum: 2_147_483_647 });

export const CreateOrderData = Type.Object({
  orderId: Uuid,
  consumerId: PositiveInt,
  restaurantId: PositiveInt,
  cardId: PositiveInt,
  price: PositiveInt,
  items: Type.Array(Type.Object({ name: Type.String(), quantity: PositiveInt })),
  ticketId: Type.Optional(Uuid),
  authorizationId: Type.Optional(Uuid),
});
export type CreateOrderData = Static<typeof CreateOrderData>;

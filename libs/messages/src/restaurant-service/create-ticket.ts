import { Type } from '@sinclair/typebox';
import { defineCommand } from 'saga-core';
import { OrderId, OrderItems, RestaurantId, TicketId } from '../fields.js';

/**
 * Asks a restaurant for a ticket. Until it is approved or rejected, its status CREATE_PENDING is the semantic lock on
 * it.
 */
export const createTicket = defineCommand({
  task: 'restaurant_service.create_ticket',
  description: 'Creates a ticket that waits for approval; the kitchen does not cook it yet.',
  payload: Type.Object({ orderId: OrderId, restaurantId: RestaurantId, items: OrderItems }),
  reply: Type.Object({ ticketId: TicketId }),
  refusals: {
    RESTAURANT_NOT_FOUND: 'There is no restaurant with this id.',
    RESTAURANT_CLOSED: 'The restaurant takes no orders at present.',
    DISH_NOT_ON_MENU: 'At least one of the items is not on the menu of the restaurant.',
    ORDER_HAS_TICKET: 'The order has a ticket already, be it one that was rejected.',
  },
});

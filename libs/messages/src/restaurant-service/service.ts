import { defineService } from 'saga-core';
import { approveTicket } from './approve-ticket.js';
import { createTicket } from './create-ticket.js';
import { rejectTicket } from './reject-ticket.js';

/** What restaurant-service does for sagas. */
export const restaurantService = defineService({
  name: 'restaurant_service',
  title: 'Restaurant Service',
  description: 'Knows the restaurants, their menus, and the tickets of their kitchens.',
  commands: { createTicket, approveTicket, rejectTicket },
});

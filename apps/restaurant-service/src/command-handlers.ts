import type { Transaction } from 'kysely';
import type { restaurantService } from 'messages';
import { inBatches, type CommandHandlers } from 'saga-core';
import type { Database } from './database.js';
import { approveTickets } from './tickets/approve-tickets.js';
import { createTickets } from './tickets/create-tickets.js';
import { rejectTickets } from './tickets/reject-tickets.js';

/** What restaurant-service does with each of its commands. */
export const commandHandlers: CommandHandlers<typeof restaurantService, Transaction<Database>> = {
  createTicket: inBatches(createTickets),
  approveTicket: inBatches(approveTickets),
  rejectTicket: inBatches(rejectTickets),
};

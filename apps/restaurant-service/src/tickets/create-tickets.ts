import type { Transaction } from 'kysely';
import type { restaurantService } from 'messages';
import { refuse, noReply, type Answer, type PayloadOf, type ReceivedCommand } from 'saga-core';
import { uuidv7 } from 'uuidv7';
import type { Database } from '../database.js';
import type { Restaurant } from '../restaurants/restaurant.js';
import { findRestaurants } from '../restaurants/restaurant-queries.js';
import { insertTickets } from './ticket-queries.js';

type CreateTicket = typeof restaurantService.commands.createTicket;
type Payload = PayloadOf<CreateTicket>;

/** Creates the tickets that may be created, all in one statement. @returns each command's answer */
export async function createTickets(
  tx: Transaction<Database>,
  commands: readonly ReceivedCommand<Payload>[],
): Promise<Answer<CreateTicket>[]> {
  const restaurants = await findRestaurants(
    tx,
    commands.map(({ payload }) => payload.restaurantId),
  );
  const judged = commands.map(({ payload }) => judge(payload, restaurants.get(payload.restaurantId)));
  const inserted = await insertTickets(
    tx,
    judged.flatMap((verdict) => ('ticket' in verdict ? [verdict.ticket] : [])),
  );
  return judged.map((verdict): Answer<CreateTicket> => {
    if (!('ticket' in verdict)) return verdict;
    const { ticket, isWithheld } = verdict;
    if (!inserted.has(ticket.id)) return refuse('ORDER_HAS_TICKET', `Order ${ticket.orderId} already has a ticket`);
    return isWithheld ? noReply() : { ticketId: ticket.id };
  });
}

/** @returns the ticket to write, or why there is none. */
function judge(payload: Payload, restaurant: Restaurant | undefined) {
  const { orderId, restaurantId, items } = payload;
  if (!restaurant) return refuse('RESTAURANT_NOT_FOUND', `There is no restaurant ${restaurantId}`);
  if (restaurant.status === 'CLOSED') return refuse('RESTAURANT_CLOSED', `${restaurant.name} is closed`);
  const missing = items.map(({ name }) => name).filter((name) => !restaurant.menu.includes(name));
  if (missing.length > 0)
    return refuse('DISH_NOT_ON_MENU', `Not on the menu of ${restaurant.name}: ${missing.join(', ')}`);
  const ticket = { id: uuidv7(), orderId, restaurantId, items };
  return { ticket, isWithheld: restaurant.withholdsTicketReplies };
}

import type { Transaction } from 'kysely';
import type { restaurantService } from 'messages';
import type { PayloadOf, ReceivedCommand, ReplyOf } from 'saga-core';
import type { Database } from '../database.js';
import { statusesBefore } from './ticket.js';
import { changeTicketStatus, lockTicketsOfOrders } from './ticket-queries.js';

type RejectTicket = typeof restaurantService.commands.rejectTicket;
type Command = ReceivedCommand<PayloadOf<RejectTicket>>;

/**
 * Takes create_ticket back for each of the orders: their tickets are rejected. It is called only where a ticket was
 * created.
 *
 * @returns each command's answer
 * @throws when the kitchen cooks already: a success would be a lie, and what to do then is for an operator to say
 */
export async function rejectTickets(
  tx: Transaction<Database>,
  commands: readonly Command[],
): Promise<ReplyOf<RejectTicket>[]> {
  const tickets = await lockTicketsOfOrders(
    tx,
    commands.map(({ payload }) => payload.orderId),
  );
  const open = tickets.filter(({ status }) => status !== 'REJECTED');
  const illegal = open.find(({ status }) => !statusesBefore('REJECTED').includes(status));
  if (illegal)
    throw new Error(`Ticket ${illegal.id} of order ${illegal.orderId} is ${illegal.status} and cannot be rejected`);
  await changeTicketStatus(
    tx,
    open.map(({ id }) => id),
    'REJECTED',
  );
  return commands.map(() => ({}));
}

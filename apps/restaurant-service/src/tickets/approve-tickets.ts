import type { Transaction } from 'kysely';
import type { restaurantService } from 'messages';
import { refuse, type Answer, type PayloadOf, type ReceivedCommand } from 'saga-core';
import type { Database } from '../database.js';
import { statusesBefore } from './ticket.js';
import { changeTicketStatus, lockTicketsOfOrders } from './ticket-queries.js';

type ApproveTicket = typeof restaurantService.commands.approveTicket;
type Command = ReceivedCommand<PayloadOf<ApproveTicket>>;

/**
 * Approves tickets: their kitchens may cook.
 *
 * @returns each command's answer
 * @throws when the kitchen of one of them cannot be told, before anything is written
 */
export async function approveTickets(
  tx: Transaction<Database>,
  commands: readonly Command[],
): Promise<Answer<ApproveTicket>[]> {
  const tickets = await lockTicketsOfOrders(
    tx,
    commands.map(({ payload }) => payload.orderId),
  );
  const pending = new Map(
    tickets.filter(({ status }) => statusesBefore('APPROVED').includes(status)).map((ticket) => [ticket.id, ticket]),
  );
  const approved: string[] = [];
  const answers = commands.map(({ payload, attempt }): Answer<ApproveTicket> => {
    const ticket = pending.get(payload.ticketId);
    if (ticket?.orderId !== payload.orderId)
      return refuse(
        'TICKET_NOT_PENDING',
        `Order ${payload.orderId} has no ticket ${payload.ticketId} that waits for approval`,
      );
    if (attempt <= ticket.approvalFailures)
      throw new Error(
        `The kitchen of ${ticket.restaurantName} did not confirm ticket ${ticket.id}: its printer is out of paper`,
      );
    // A second command for the same ticket, in the same batch, comes too late.
    pending.delete(ticket.id);
    approved.push(ticket.id);
    return {};
  });
  await changeTicketStatus(tx, approved, 'APPROVED');
  return answers;
}

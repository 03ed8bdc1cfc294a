/**
 * A ticket: what a restaurant's kitchen has to do for an order.
 *
 * CREATE_PENDING is a semantic lock: the saga that made the ticket has not decided yet, and the kitchen does not cook.
 */
export const TICKET_STATUSES = ['CREATE_PENDING', 'APPROVED', 'REJECTED'] as const;
export type TicketStatus = (typeof TICKET_STATUSES)[number];

export interface TicketItem {
  readonly name: string;
  readonly quantity: number;
}

/** Where each status can lead; every change of status is guarded by this table. */
const NEXT_STATUSES: Readonly<Record<TicketStatus, readonly TicketStatus[]>> = {
  CREATE_PENDING: ['APPROVED', 'REJECTED'],
  APPROVED: [],
  REJECTED: [],
};

/** @returns the statuses from which a ticket may become `next`. */
export function statusesBefore(next: TicketStatus): TicketStatus[] {
  return TICKET_STATUSES.filter((status) => NEXT_STATUSES[status].includes(next));
}

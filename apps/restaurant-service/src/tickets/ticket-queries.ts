/**
 * The SQL of tickets. Batches of rows are written and locked in one order, so that two transactions cannot deadlock
 * over them.
 */
import { sql, type Kysely, type Transaction } from 'kysely';
import { unnestRows, unnestValues } from 'saga-core';
import type { Database, TicketRow } from '../database.js';
import { statusesBefore, type TicketItem, type TicketStatus } from './ticket.js';

export interface NewTicket {
  readonly id: string;
  readonly orderId: string;
  readonly restaurantId: number;
  readonly items: readonly TicketItem[];
}

/**
 * Writes tickets that wait for approval.
 * @returns the ids of those written: all but those whose order has a ticket already.
 */
export async function insertTickets(
  tx: Transaction<Database>,
  tickets: readonly NewTicket[],
): Promise<ReadonlySet<string>> {
  if (tickets.length === 0) return new Set();
  const { rows } = await sql<{ id: string }>`
    insert into ticket (id, order_id, restaurant_id, items, status)
    select *, 'CREATE_PENDING' from ${unnestRows('given', tickets, {
      id: ['uuid', ({ id }) => id],
      order_id: ['uuid', ({ orderId }) => orderId],
      restaurant_id: ['integer', ({ restaurantId }) => restaurantId],
      items: ['jsonb', ({ items }) => items],
    })}
    order by order_id
    on conflict (order_id) do nothing
    returning id`.execute(tx);
  return new Set(rows.map(({ id }) => id));
}

/** A locked ticket, as far as a change of its status needs it. */
export interface LockedTicket {
  readonly id: string;
  readonly orderId: string;
  readonly status: TicketStatus;
  readonly restaurantName: string;
  /** How many first attempts to approve its tickets fail at its restaurant. */
  readonly approvalFailures: number;
}

/** Locks the tickets of these orders until the transaction ends. */
export async function lockTicketsOfOrders(
  tx: Transaction<Database>,
  orderIds: readonly string[],
): Promise<LockedTicket[]> {
  return tx
    .selectFrom('ticket')
    .innerJoin('restaurant', 'restaurant.id', 'ticket.restaurant_id')
    .select([
      'ticket.id',
      'ticket.order_id as orderId',
      'ticket.status',
      'restaurant.name as restaurantName',
      'restaurant.approval_failures as approvalFailures',
    ])
    .where('order_id', 'in', unnestValues('uuid', orderIds))
    .orderBy('order_id')
    .forUpdate('ticket')
    .execute();
}

/** Gives tickets another status; those for which that would be illegal stay as they are. */
export async function changeTicketStatus(
  tx: Transaction<Database>,
  ids: readonly string[],
  next: TicketStatus,
): Promise<void> {
  if (ids.length === 0) return;
  await tx
    .updateTable('ticket')
    .set({ status: next, updated_at: sql`now()` })
    .where('id', 'in', unnestValues('uuid', ids))
    .where('status', '=', sql<TicketStatus>`any(${statusesBefore(next)}::text[])`)
    .execute();
}

/** @returns the ticket, or undefined. */
export async function findTicket(database: Kysely<Database>, id: string): Promise<TicketRow | undefined> {
  return database.selectFrom('ticket').selectAll().where('id', '=', id).executeTakeFirst();
}

/** @returns the tickets of an order: one, or none. */
export async function findTicketsOfOrder(database: Kysely<Database>, orderId: string): Promise<TicketRow[]> {
  return database.selectFrom('ticket').selectAll().where('order_id', '=', orderId).execute();
}

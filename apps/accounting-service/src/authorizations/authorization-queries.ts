/**
 * The SQL of authorizations. Batches of rows are written and locked in one order, so that two transactions cannot
 * deadlock over them.
 */
import { sql, type Kysely, type Transaction } from 'kysely';
import { unnestRows, unnestValues } from 'saga-core';
import type { AuthorizationRow, Database } from '../database.js';
import { statusesBefore } from './authorization.js';

export interface NewAuthorization {
  readonly id: string;
  readonly orderId: string;
  readonly consumerId: number;
  readonly cardId: number;
  /** Minor units. */
  readonly amount: number;
}

/** Writes authorizations. @returns the ids of those written: all but those whose order has one already. */
export async function insertAuthorizations(
  tx: Transaction<Database>,
  authorizations: readonly NewAuthorization[],
): Promise<ReadonlySet<string>> {
  if (authorizations.length === 0) return new Set();
  const { rows } = await sql<{ id: string }>`
    insert into card_authorization (id, order_id, consumer_id, card_id, amount, status)
    select *, 'AUTHORIZED' from ${unnestRows('given', authorizations, {
      id: ['uuid', ({ id }) => id],
      order_id: ['uuid', ({ orderId }) => orderId],
      consumer_id: ['integer', ({ consumerId }) => consumerId],
      card_id: ['integer', ({ cardId }) => cardId],
      amount: ['integer', ({ amount }) => amount],
    })}
    order by order_id
    on conflict (order_id) do nothing
    returning id`.execute(tx);
  return new Set(rows.map(({ id }) => id));
}

/** Reverses the authorizations of these orders; those that are reversed already stay as they are. */
export async function reverseAuthorizationsOfOrders(
  tx: Transaction<Database>,
  orderIds: readonly string[],
): Promise<void> {
  await sql`
    with locked as (
      select id from card_authorization where order_id in ${unnestValues('uuid', orderIds)} order by order_id for update
    )
    update card_authorization set status = 'REVERSED', updated_at = now()
    from locked where locked.id = card_authorization.id and status = any(${statusesBefore('REVERSED')}::text[])`.execute(
    tx,
  );
}

/** @returns the authorization, or undefined. */
export async function findAuthorization(database: Kysely<Database>, id: string): Promise<AuthorizationRow | undefined> {
  return database.selectFrom('card_authorization').selectAll().where('id', '=', id).executeTakeFirst();
}

/** @returns the authorizations of an order: one, or none. */
export async function findAuthorizationsOfOrder(
  database: Kysely<Database>,
  orderId: string,
): Promise<AuthorizationRow[]> {
  return database.selectFrom('card_authorization').selectAll().where('order_id', '=', orderId).execute();
}

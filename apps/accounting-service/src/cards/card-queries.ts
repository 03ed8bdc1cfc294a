import type { Kysely } from 'kysely';
import { unnestValues } from 'saga-core';
import type { Database } from '../database.js';
import type { Card } from './card.js';

/** @returns the cards with these ids, by id; those that do not exist are missing in it. */
export async function findCards(
  database: Kysely<Database>,
  ids: readonly number[],
): Promise<ReadonlyMap<number, Card>> {
  const cards = await database
    .selectFrom('card')
    .select(['id', 'status', 'payment_limit as paymentLimit'])
    .where('id', 'in', unnestValues('integer', ids))
    .execute();
  return new Map(cards.map((card) => [card.id, card]));
}

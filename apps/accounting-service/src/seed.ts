import type { Kysely } from 'kysely';
import type { Database } from './database.js';

/** One card for each way in which a payment can go. Limits are in minor units. */
const CARDS = [
  { id: 1, status: 'ACTIVE', payment_limit: 5_000 },
  { id: 2, status: 'BLOCKED', payment_limit: 5_000 },
  { id: 3, status: 'ACTIVE', payment_limit: 1_000_000 },
] as const;

/** Puts the first cards in; rows that are there already stay as they are. */
export async function seed(database: Kysely<Database>): Promise<void> {
  await database
    .insertInto('card')
    .values([...CARDS])
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

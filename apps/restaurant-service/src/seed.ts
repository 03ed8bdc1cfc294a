import type { Kysely } from 'kysely';
import type { Database } from './database.js';

/** One restaurant for each way in which an order can go. */
const RESTAURANTS = [
  { id: 1, name: 'Ajanta', status: 'OPEN', approval_failures: 0, withholds_ticket_replies: false },
  { id: 2, name: 'The Third Attempt', status: 'OPEN', approval_failures: 2, withholds_ticket_replies: false },
  { id: 3, name: 'Silent Kitchen', status: 'OPEN', approval_failures: 0, withholds_ticket_replies: true },
  { id: 4, name: 'Closed on Mondays', status: 'CLOSED', approval_failures: 0, withholds_ticket_replies: false },
] as const;

const DISHES = ['Dish 1', 'Dish 2', 'Dish 3', 'Dish 4', 'Dish 5'];

/** Puts the first restaurants and their menus in; rows that are there already stay as they are. */
export async function seed(database: Kysely<Database>): Promise<void> {
  await database
    .insertInto('restaurant')
    .values([...RESTAURANTS])
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  await database
    .insertInto('menu_item')
    .values(RESTAURANTS.flatMap(({ id }) => DISHES.map((name) => ({ restaurant_id: id, name }))))
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

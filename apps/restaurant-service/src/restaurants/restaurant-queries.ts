import { sql, type Kysely } from 'kysely';
import { unnestValues } from 'saga-core';
import type { Database } from '../database.js';
import type { Restaurant } from './restaurant.js';

/** @returns the restaurants with these ids and their menus, by id; those that do not exist are missing in it. */
export async function findRestaurants(
  database: Kysely<Database>,
  ids: readonly number[],
): Promise<ReadonlyMap<number, Restaurant>> {
  const restaurants = await database
    .selectFrom('restaurant')
    .select((expressions) => [
      'id',
      'name',
      'status',
      'withholds_ticket_replies as withholdsTicketReplies',
      expressions
        .selectFrom('menu_item')
        .select(sql<string[]>`coalesce(array_agg(menu_item.name order by menu_item.name), '{}')`.as('names'))
        .whereRef('restaurant_id', '=', 'restaurant.id')
        .$asScalar()
        .$notNull()
        .as('menu'),
    ])
    .where('id', 'in', unnestValues('integer', ids))
    .execute();
  return new Map(restaurants.map((restaurant) => [restaurant.id, restaurant]));
}

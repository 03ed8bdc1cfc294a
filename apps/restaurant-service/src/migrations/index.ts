/** In the order in which they run. A migration that was released is never changed. */
import type { Migration } from 'kysely';
import * as restaurants from './0001-restaurants.js';
import * as tickets from './0002-tickets.js';

export const migrations: Record<string, Migration> = { '0001-restaurants': restaurants, '0002-tickets': tickets };

import type { Migration } from 'kysely';
import * as orders from './0001-orders.js';
import * as keyAges from './0002-key-ages.js';

/** By their numbers, the order in which they run. */
export const orderMigrations: Record<string, Migration> = {
  '0001-orders': orders,
  '0002-key-ages': keyAges,
};

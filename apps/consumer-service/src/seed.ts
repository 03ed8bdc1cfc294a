import type { Kysely } from 'kysely';
import type { Database } from './database.js';

const CONSUMERS = [
  { id: 1, name: 'Ada Lovelace', status: 'ACTIVE' },
  { id: 2, name: 'Grace Hopper', status: 'ACTIVE' },
  { id: 3, name: 'Edsger Dijkstra', status: 'ACTIVE' },
  { id: 4, name: 'Barbara Liskov', status: 'ACTIVE' },
  { id: 5, name: 'Leslie Lamport', status: 'ACTIVE' },
  { id: 7, name: 'Hector Garcia-Molina', status: 'ACTIVE' },
  { id: 10, name: 'Charles Ponzi', status: 'SUSPENDED' },
  { id: 70, name: 'Kenneth Salem', status: 'ACTIVE' },
] as const;

/** Puts the first consumers in; rows that are there already stay as they are. */
export async function seed(database: Kysely<Database>): Promise<void> {
  await database
    .insertInto('consumer')
    .values([...CONSUMERS])
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

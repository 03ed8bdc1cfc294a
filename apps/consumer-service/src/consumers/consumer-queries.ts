import type { Kysely } from 'kysely';
import { unnestValues } from 'saga-core';
import type { Database } from '../database.js';
import type { Consumer } from './consumer.js';

/** @returns the consumers with these ids, by id; those that do not exist are missing in it. */
export async function findConsumers(
  database: Kysely<Database>,
  ids: readonly number[],
): Promise<ReadonlyMap<number, Consumer>> {
  const consumers = await database
    .selectFrom('consumer')
    .select(['id', 'name', 'status'])
    .where('id', 'in', unnestValues('integer', ids))
    .execute();
  return new Map(consumers.map((consumer) => [consumer.id, consumer]));
}

/** Frozen: it has run somewhere. A change of the tables is a migration with the next number. */
import { sql, type Kysely } from 'kysely';

/** Leads to the keys that are past their retention. Keys are never updated, so the index costs their insertion only. */
export async function up(database: Kysely<unknown>): Promise<void> {
  await sql`create index idempotency_key_by_age on idempotency_key (created_at)`.execute(database);
}

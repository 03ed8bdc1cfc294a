import { sql, type Kysely } from 'kysely';

export async function up(database: Kysely<unknown>): Promise<void> {
  await sql`
    create table card (
      id integer primary key,
      status text not null check (status in ('ACTIVE', 'BLOCKED')),
      payment_limit integer not null check (payment_limit > 0)
    )`.execute(database);
}

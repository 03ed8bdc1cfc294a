import { sql, type Kysely } from 'kysely';

export async function up(database: Kysely<unknown>): Promise<void> {
  // One order, one ticket: an order that was rejected stays rejected, so that a second ticket for it could only be a
  // mistake.
  await sql`
    create table ticket (
      id uuid primary key,
      order_id uuid not null unique,
      restaurant_id integer not null references restaurant (id),
      status text not null check (status in ('CREATE_PENDING', 'APPROVED', 'REJECTED')),
      items jsonb not null,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    )`.execute(database);
}

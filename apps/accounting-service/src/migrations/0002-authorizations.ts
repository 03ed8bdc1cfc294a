import { sql, type Kysely } from 'kysely';

export async function up(database: Kysely<unknown>): Promise<void> {
  // One order is paid once: an order whose authorization was reversed stays rejected, so that a second one for it could
  // only be a mistake.
  await sql`
    create table card_authorization (
      id uuid primary key,
      order_id uuid not null unique,
      consumer_id integer not null,
      card_id integer not null references card (id),
      amount integer not null check (amount > 0),
      status text not null check (status in ('AUTHORIZED', 'REVERSED')),
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    )`.execute(database);
}

/** Frozen: it has run somewhere. A change of the tables is a migration with the next number. */
import { sql, type Kysely } from 'kysely';

/** Creates the tables `orders` and `idempotency_key`. */
export async function up(database: Kysely<unknown>): Promise<void> {
  await sql`
    create table orders (
      order_id uuid primary key,
      saga_id uuid not null,
      status text not null default 'APPROVAL_PENDING' check (status in ('APPROVAL_PENDING', 'APPROVED', 'REJECTED')),
      consumer_id integer not null,
      restaurant_id integer not null,
      card_id integer not null,
      price integer not null check (price > 0),
      items jsonb not null,
      ticket_id uuid,
      authorization_id uuid,
      rejection jsonb,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      check ((status = 'REJECTED') = (rejection is not null)),
      check (status <> 'APPROVED' or (ticket_id is not null and authorization_id is not null))
    )`.execute(database);
  await sql`create index orders_by_status on orders (status, order_id)`.execute(database);
  // No foreign key to orders: the key is claimed before its order is inserted, in the same transaction, and neither is
  // ever deleted alone.
  await sql`
    create table idempotency_key (
      key text primary key,
      request_hash text not null,
      order_id uuid not null,
      created_at timestamptz not null default now()
    )`.execute(database);
}

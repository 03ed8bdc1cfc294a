import { sql, type Migration } from 'kysely';

/** Attempts to handle a redelivered message that were begun and not finished: rows stay only when a process dies. */
export const sagaDeliveryAttempts: Migration = {
  async up(db) {
    await sql`
      create table saga_delivery_attempt (
        saga_id uuid not null,
        sequence integer not null,
        routing_key text not null,
        attempts integer not null,
        begun_at timestamptz not null default now(),
        primary key (saga_id, sequence, routing_key)
      )`.execute(db);
  },
};

import { sql, type Migration } from 'kysely';

/** The tables of an orchestrator. Every key begins with the saga id, so that they can be distributed by it. */
export const sagaInstances: Migration = {
  async up(db) {
    // An instance is updated half a dozen times in its life: room on the page keeps those updates off the indexes.
    await sql`
      create table saga_instance (
        saga_id uuid primary key,
        saga_name text not null,
        definition_version integer not null,
        status text not null check (status in ('running', 'compensating', 'completed', 'compensated', 'stuck')),
        version integer not null,
        sequence integer not null,
        step text,
        awaited jsonb,
        deadline timestamptz,
        wake_at timestamptz,
        data jsonb not null,
        actions jsonb not null,
        failure jsonb,
        last_error jsonb,
        traceparent text,
        created_at timestamptz not null,
        updated_at timestamptz not null,
        ended_at timestamptz
      ) with (fillfactor = 50)`.execute(db);
    await sql`create index saga_instance_wake_at on saga_instance (wake_at) where wake_at is not null`.execute(db);
    await sql`
      create table saga_history (
        saga_id uuid not null,
        version integer not null,
        at timestamptz not null,
        entries jsonb not null,
        primary key (saga_id, version)
      )`.execute(db);
  },
};

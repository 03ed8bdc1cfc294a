import { sql, type Migration } from 'kysely';

/**
 * The table of a participant: which commands it has handled, what it answered, and which it must not handle any more.
 */
export const sagaInbox: Migration = {
  async up(db) {
    await sql`
      create table saga_inbox (
        saga_id uuid not null,
        sequence integer not null,
        state text not null check (state in ('claimed', 'answered', 'withheld', 'barred')),
        outcome jsonb,
        created_at timestamptz not null default now(),
        primary key (saga_id, sequence)
      ) with (fillfactor = 80)`.execute(db);
  },
};

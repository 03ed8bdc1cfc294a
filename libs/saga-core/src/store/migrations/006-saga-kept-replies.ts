import { sql, type Migration } from 'kysely';

/** Replies that a process received which does not know their sagas' definitions, for one that does. */
export const sagaKeptReplies: Migration = {
  async up(db) {
    await sql`
      create table saga_kept_reply (
        saga_id uuid not null,
        sequence integer not null,
        outcome jsonb not null,
        redelivered boolean not null,
        kept_at timestamptz not null default clock_timestamp(),
        primary key (saga_id, sequence)
      )`.execute(db);
  },
};

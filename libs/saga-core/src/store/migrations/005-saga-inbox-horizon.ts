import { sql, type Migration } from 'kysely';

/**
 * From which saga on the inbox takes commands that it does not know; rows of sagas older than `purge_before` are
 * purged, and older than that is what it refuses. One row, or none while nothing was purged.
 */
export const sagaInboxHorizon: Migration = {
  async up(db) {
    await sql`
      create table saga_inbox_horizon (
        only_row boolean primary key default true check (only_row),
        first_saga_id uuid not null,
        purge_before uuid not null,
        moved_at timestamptz not null
      )`.execute(db);
  },
};

import { sql, type Migration } from 'kysely';

/**
 * Leads to the ended sagas of which something went wrong. A saga that goes well is never in it, so it costs the usual
 * path nothing.
 */
export const failedSagas: Migration = {
  async up(db) {
    await sql`create index saga_instance_failed on saga_instance (ended_at) where ended_at is not null and last_error is not null`.execute(
      db,
    );
  },
};

import { sql, type Migration } from 'kysely';

/** Ways to the sagas that have ended, which are purged, and to those that are stuck, which are not. */
export const sagaEnds: Migration = {
  async up(db) {
    // Both columns keep their values while a saga goes forward, so updates still stay on their page. The last one
    // leaves it anyway, for it ends the timer.
    await sql`create index saga_instance_ended_at on saga_instance (ended_at) where ended_at is not null`.execute(db);
    await sql`create index saga_instance_stuck on saga_instance (saga_id) where status = 'stuck'`.execute(db);
  },
};

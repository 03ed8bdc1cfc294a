import { sql, type Migration } from 'kysely';

/** As with the state of instances: an outcome is only ever read whole. */
export const outcomeAsJson: Migration = {
  async up(db) {
    await sql`alter table saga_inbox alter column outcome type json using outcome::json`.execute(db);
  },
};

import { sql, type Migration } from 'kysely';

/**
 * What is only ever read whole costs less as json: it is kept as it was written, and not taken apart and put together
 * at each change.
 */
export const stateAsJson: Migration = {
  async up(db) {
    await sql`
      alter table saga_instance
        alter column awaited type json using awaited::json,
        alter column actions type json using actions::json,
        alter column failure type json using failure::json,
        alter column last_error type json using last_error::json`.execute(db);
    await sql`alter table saga_history alter column entries type json using entries::json`.execute(db);
  },
};

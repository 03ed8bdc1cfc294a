import { sql, type Migration } from 'kysely';

/**
 * By how much the sagas' clock differs from the database's, in one row; and when a saga was started by that clock
 * (null: as `created_at`). Deadlines are by that
 * clock as well: until the database's clock jumps they are what they were. A process of an earlier version may run
 * beside it; it only takes jumps for time.
 */
export const sagaClock: Migration = {
  async up(db) {
    await sql`
      create table saga_clock (
        only_row boolean primary key default true check (only_row),
        shift_ms bigint not null default 0
      )`.execute(db);
    await sql`insert into saga_clock default values`.execute(db);
    await sql`alter table saga_instance add column started_at timestamptz`.execute(db);
  },
};

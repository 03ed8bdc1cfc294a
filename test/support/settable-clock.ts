/** A database whose clock can be set: its `clock_timestamp()`, for all sessions, whatever their search path. */
import { sql, type Kysely } from 'kysely';

export interface SettableClock {
  /** Sets the clock: so many milliseconds ahead of the right time, or behind it. */
  setAhead(ms: number): Promise<void>;
}

/** @param database - of the test's own, as a superuser, before anything has asked it for the time: a statement that was prepared goes on with the right clock */
export async function settableClock<Db>(database: Kysely<Db>): Promise<SettableClock> {
  await sql`create table public.test_clock (ahead interval not null)`.execute(database);
  await sql`insert into public.test_clock values ('0')`.execute(database);
  // Functions are each database's own, those of the catalog as well.
  await sql`alter function pg_catalog.clock_timestamp() rename to right_clock_timestamp`.execute(database);
  await sql`
    create function pg_catalog.clock_timestamp() returns timestamptz language sql volatile
      as 'select pg_catalog.right_clock_timestamp() + (select ahead from public.test_clock)'`.execute(database);
  return {
    setAhead: async (ms) => {
      await sql`update public.test_clock set ahead = ${ms}::float8 * interval '1 millisecond'`.execute(database);
    },
  };
}

/** A database whose clock can be set: its `clock_timestamp()`, for all sessions and statements, whatever their search path. */
import pg from 'pg';

export interface SettableClock {
  /** Sets the clock: so many milliseconds ahead of the right time, or behind it. */
  setAhead(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** @param url - of a database of the test's own, as a superuser. Sessions that were opened before go on with the right clock */
export async function settableClock(url: string): Promise<SettableClock> {
  const client = new pg.Client(url);
  await client.connect();
  // Functions are each database's own, those of the catalog as well.
  await client.query(`
    create table public.test_clock (ahead interval not null);
    insert into public.test_clock values ('0');
    alter function pg_catalog.clock_timestamp() rename to right_clock_timestamp;
    create function pg_catalog.clock_timestamp() returns timestamptz language sql volatile
      as 'select pg_catalog.right_clock_timestamp() + (select ahead from public.test_clock)'`);
  return {
    setAhead: async (ms) => {
      await client.query("update public.test_clock set ahead = $1 * interval '1 millisecond'", [ms]);
    },
    close: () => client.end(),
  };
}

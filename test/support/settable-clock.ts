/** A database whose clock can be set: its `clock_timestamp()`, for all sessions, whatever their search path. */
export interface SettableClock {
  /** Sets the clock: so many milliseconds ahead of the right time, or behind it. */
  setAhead(ms: number): Promise<void>;
}

/**
 * @param execute - runs a statement in a database of the test's own, as a superuser; before anything has asked for the
 *   time there, for a statement that was
 *   prepared goes on with the right clock
 */
export async function settableClock(execute: (statement: string) => Promise<unknown>): Promise<SettableClock> {
  await execute('create table public.test_clock (ahead interval not null)');
  await execute("insert into public.test_clock values ('0')");
  // Functions are each database's own, those of the catalog as well.
  await execute('alter function pg_catalog.clock_timestamp() rename to right_clock_timestamp');
  await execute(`
    create function pg_catalog.clock_timestamp() returns timestamptz language sql volatile
      as 'select pg_catalog.right_clock_timestamp() + (select ahead from public.test_clock)'`);
  return {
    setAhead: async (ms) => {
      await execute(`update public.test_clock set ahead = ${ms} * interval '1 millisecond'`);
    },
  };
}

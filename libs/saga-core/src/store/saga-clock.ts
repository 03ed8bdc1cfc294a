/** The sagas' clock in SQL, and what makes a jump of the database's clock good. */
import { sql, type Kysely, type RawBuilder } from 'kysely';
import type { DatabaseClock, ClockSample } from './database-clock.js';

const SHIFT = sql`coalesce((select shift_ms from saga_clock), 0)`;
/** To be added to the database's clock. */
export const SHIFT_INTERVAL = sql`${SHIFT} * interval '1 millisecond'`;
/** The sagas' clock, for those who only look. */
export const SAGAS_NOW = sql`(clock_timestamp() + ${SHIFT_INTERVAL})`;
/** A deadline as the database's clock has it now, in milliseconds since the epoch, for people. */
export const SHOWN_DEADLINE = sql`(extract(epoch from deadline - ${SHIFT_INTERVAL}) * 1000)::float8 as until`;
/** What a statement tells of the time, as {@link ClockSample}. */
export const CLOCK_SAMPLE = sql`(extract(epoch from clock_timestamp()) * 1000)::float8 as wall, ${SHIFT}::float8 as shift`;

/**
 * Makes `with ${moment(clock)}` possible: a table `moment` of one row, which is read once for a whole statement. `now`
 * is the sagas' clock, for what is saved and what is due. A jump that nobody has made good yet is left out of it: the
 * process knows the time well enough to see that it cannot be. It stands in `told_now`. `wall` and `shift` are what the
 * clock is told, as {@link ClockSample}.
 *
 * @param more - further columns
 */
export function moment(clock: DatabaseClock, more: RawBuilder<unknown> = sql``): RawBuilder<unknown> {
  const bounds = clock.bounds()?.map((ms) => sql`to_timestamp(${ms / 1_000}::float8)`);
  const now = bounds ? sql`least(greatest(told_now, ${bounds[0]}), ${bounds[1]})` : sql`told_now`;
  return sql`moment as materialized (
    select ${now} as now, told_now, (extract(epoch from at) * 1000)::float8 as wall, shift ${more}
    from (select at, shift, at + shift * interval '1 millisecond' as told_now
      from (select clock_timestamp() as at, ${SHIFT}::float8 as shift) as read) as clock
  )`;
}

/** Asks for the time. @returns milliseconds since the epoch, by the sagas' clock */
export async function readSagaTime<Db>(database: Kysely<Db>, clock: DatabaseClock): Promise<number> {
  const asked = clock.asking();
  const { rows } = await sql<ClockSample>`select ${CLOCK_SAMPLE}`.execute(database);
  return clock.hear(rows[0]!, asked);
}

/**
 * Makes a jump of the database's clock good that was heard: the sagas' clock goes on as if it had not been. Of several
 * processes one does it.
 *
 * @returns what the clock had jumped by, in milliseconds; null when there was none, or another process was first
 */
export async function absorbClockJump<Db>(database: Kysely<Db>, clock: DatabaseClock): Promise<number | null> {
  const hasJumped = clock.jump !== null;
  if (!hasJumped) return null;
  // It may have jumped back meanwhile.
  await readSagaTime(database, clock);
  const { jump } = clock;
  if (!jump) return null;
  const { numAffectedRows } = await sql`
    update saga_clock set shift_ms = shift_ms - ${jump.ms}::bigint where shift_ms = ${jump.shift}::bigint`.execute(
    database,
  );
  await readSagaTime(database, clock);
  return numAffectedRows === 1n ? jump.ms : null;
}

/**
 * A saga's id tells when it was made, if it is a UUIDv7: its first 48 bits are the milliseconds since the epoch, so ids
 * sort by time.
 */
import { sql, type RawBuilder } from 'kysely';

/** @returns SQL: the least UUIDv7 of so many milliseconds ago, by the database's clock */
export const uuidOfAge = (ms: number): RawBuilder<string> => sql`
  overlay(overlay(lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint - ${Math.round(ms)}::bigint), 12, '0')
    placing '-' from 9 for 0) placing '-7000-8000-000000000000' from 14 for 0)::uuid`;

/** @returns SQL: whether an id tells when it was made */
export const isTimeOrdered = (id: RawBuilder<unknown>): RawBuilder<boolean> => sql`substr(${id}::text, 15, 1) = '7'`;

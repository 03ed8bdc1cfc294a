/** The last errors of sagas, like with like. */
import { sql, type Kysely } from 'kysely';
import { normalizedMessage } from './normalized-message.js';

/** Times are milliseconds since the epoch. */
export interface FailureCounts {
  readonly saga: string;
  readonly step: string;
  readonly code: string;
  readonly message: string;
  readonly count: number;
  readonly stuckCount: number;
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** One count for each interval. */
  readonly trend: readonly number[];
}

/**
 * @param since - milliseconds since the epoch: sagas that changed since
 * @param intervals - into how many the time from `since` to `until` is cut for the trend
 * @returns the hundred most frequent groups
 */
export async function failureGroups<Db>(
  database: Kysely<Db>,
  { since, until, saga, intervals }: { since: number; until: number; saga: string | null; intervals: number },
): Promise<FailureCounts[]> {
  const { rows } = await sql<Omit<FailureCounts, 'trend'> & { buckets: [bucket: number, count: number][] }>`
    with failed as (
      select saga_name, status, coalesce(to_timestamp((last_error ->> 'at')::float8 / 1000), updated_at) as failed_at, last_error ->> 'step' as step, last_error ->> 'code' as code,
        ${normalizedMessage(sql`last_error ->> 'message'`)} as message
      from saga_instance
      where (wake_at is not null or status = 'stuck' or (ended_at is not null and ended_at >= to_timestamp(${since / 1000}::float8)))
        and last_error is not null and updated_at >= to_timestamp(${since / 1000}::float8)
        and (${saga}::text is null or saga_name = ${saga}::text)
    ), bucketed as (
      select saga_name, step, code, message, count(*) as count, count(*) filter (where status = 'stuck') as stuck, min(failed_at) as first, max(failed_at) as last,
        least(${intervals} - 1, width_bucket(extract(epoch from failed_at) * 1000, ${since}::float8, ${until}::float8, ${intervals}::integer) - 1)::integer as bucket
      from failed where failed_at >= to_timestamp(${since / 1000}::float8) group by 1, 2, 3, 4, 9
    )
    select saga_name as saga, step, code, message, sum(count)::integer as count, sum(stuck)::integer as "stuckCount",
      (extract(epoch from min(first)) * 1000)::float8 as "firstSeen", (extract(epoch from max(last)) * 1000)::float8 as "lastSeen",
      json_agg(json_build_array(bucket, count)) as buckets
    from bucketed group by 1, 2, 3, 4 order by 5 desc, 1, 2, 3, 4 limit 100`.execute(database);
  return rows.map(({ buckets, ...group }) => {
    const trend = Array.from({ length: intervals }, () => 0);
    for (const [bucket, count] of buckets) trend[Math.max(0, bucket)]! += count;
    return { ...group, trend };
  });
}

/** Numbers about sagas: how many stand where, how fast they come and go, what has been left alone. */
import { sql, type Kysely } from 'kysely';
import type { SagaStatus } from '../engine/instance.js';
import { SAGAS_NOW, SHIFT_INTERVAL } from './saga-clock.js';

export interface SagaCounts {
  readonly counts: readonly { saga: string; status: SagaStatus; step: string | null; count: number }[];
  readonly startedPerMinute: number;
  readonly endedPerMinute: number;
  /** Milliseconds since the epoch; null when no deadline was left alone. */
  readonly oldestUnattendedDeadline: number | null;
}

/** A deadline that passed is seen to within a poll; one that has not been for so long is unattended. */
const UNATTENDED_S = 5;

/** @returns counts of those that live, and of those that ended within the last hour; rates over five minutes */
export async function sagaCounts<Db>(database: Kysely<Db>): Promise<SagaCounts> {
  const { rows } = await sql<SagaCounts['counts'][number] & { started: number; ended: number }>`
    select saga_name as saga, status, case when ended_at is null then step end as step, count(*)::integer as count,
      (count(*) filter (where created_at > clock_timestamp() - interval '5 minutes'))::integer as started,
      (count(*) filter (where ended_at > clock_timestamp() - interval '5 minutes'))::integer as ended
    from saga_instance
    where wake_at is not null or status = 'stuck' or ended_at > clock_timestamp() - interval '1 hour'
    group by 1, 2, 3 order by 1, 2, 3`.execute(database);
  const { rows: late } = await sql<{ oldest: number | null }>`
    select (extract(epoch from min(deadline) - ${SHIFT_INTERVAL}) * 1000)::float8 as oldest from saga_instance
    where wake_at < ${SAGAS_NOW} - ${UNATTENDED_S} * interval '1 second' and deadline < ${SAGAS_NOW} - ${UNATTENDED_S} * interval '1 second'`.execute(
    database,
  );
  const sum = (key: 'started' | 'ended') => rows.reduce((total, row) => total + row[key], 0);
  return {
    counts: rows.map(({ saga, status, step, count }) => ({ saga, status, step, count })),
    startedPerMinute: sum('started') / 5,
    endedPerMinute: sum('ended') / 5,
    oldestUnattendedDeadline: late[0]!.oldest,
  };
}

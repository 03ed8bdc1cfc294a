/** How the sagas of a database stand now, for those who watch. */
import { sql, type Kysely } from 'kysely';
import type { SagaStatus } from '../engine/instance.js';
import { SAGAS_NOW } from './saga-clock.js';

/** Living sagas of one kind, at one step. */
export interface SagaGauge {
  readonly saga: string;
  readonly status: SagaStatus;
  readonly step: string | null;
  readonly count: number;
  /** Seconds since the oldest of them was started. */
  readonly oldestS: number;
  /** Seconds since the deadline that has waited longest was due; 0 when none is. */
  readonly overdueS: number;
}

/** @returns those that have not ended, stuck ones included; a partial index holds just these */
export async function sagaGauges<Db>(database: Kysely<Db>): Promise<SagaGauge[]> {
  const { rows } = await sql<SagaGauge>`
    select saga_name as saga, status, step, count(*)::integer as count,
      extract(epoch from clock_timestamp() - min(created_at))::float8 as "oldestS",
      greatest(0, coalesce(extract(epoch from ${SAGAS_NOW} - min(deadline)), 0))::float8 as "overdueS"
    from (
      select saga_name, status, step, created_at, deadline from saga_instance where wake_at is not null
      union all
      select saga_name, status, step, created_at, null from saga_instance where status = 'stuck' and wake_at is null
    ) living
    group by 1, 2, 3`.execute(database);
  return rows;
}

import { sql } from 'kysely';
import { createOrderSaga } from 'order-service';
import type { Databases } from './databases.js';
import type { Findings } from './rules.js';

/** A poll comes every quarter of a second; a machine that has much to do may be late. */
const GRACE = '10 seconds';
const MOST_STUCK = 1_000;

/** A saga that waits for an operator. */
export interface StuckSaga {
  readonly id: string;
  readonly step: string;
  readonly error: string;
}

/**
 * Looks for sagas that nobody attends to, and for those that need an operator, which is no fault.
 *
 * @returns how many sagas there are, by status, and the stuck ones
 */
export async function auditSagas(
  database: Databases['orders'],
  findings: Findings,
): Promise<{ counts: Record<string, number>; stuck: StuckSaga[] }> {
  // Deadlines are by the sagas' clock.
  const overdue = await sql<{ id: string; step: string; deadline: Date }>`
    select saga_id as id, step, deadline - shift as deadline
    from saga_instance, (select shift_ms * interval '1 millisecond' as shift from saga_clock) clock
    where wake_at < now() + shift - ${GRACE}::interval and deadline < now() + shift - ${GRACE}::interval
    order by wake_at`.execute(database);
  for (const { id, step, deadline } of overdue.rows)
    findings.note('SAGA_OVERDUE', id, `it awaits ${step}, and its deadline was ${deadline.toISOString()}`);
  const alone = await sql<{ id: string; status: string }>`
    select saga_id as id, status from saga_instance saga where saga_name = ${createOrderSaga.name}
      and not exists (select from orders where orders.saga_id = saga.saga_id)`.execute(database);
  for (const { id, status } of alone.rows) findings.note('SAGA_ORDER', id, `it is ${status}`);
  const counts = await sql<{ status: string; count: number }>`
    select status, count(*)::integer as count from saga_instance group by status`.execute(database);
  const stuck = await sql<StuckSaga>`
    select saga_id as id, step, concat_ws(': ', last_error->>'code', last_error->>'message') as error
    from saga_instance where status = 'stuck' order by saga_id limit ${MOST_STUCK}`.execute(database);
  return { counts: Object.fromEntries(counts.rows.map(({ status, count }) => [status, count])), stuck: stuck.rows };
}

/** @returns whether any saga goes on by itself */
export async function anySagaRuns(database: Databases['orders']): Promise<boolean> {
  const { rows } = await sql`select from saga_instance where wake_at is not null limit 1`.execute(database);
  return rows.length > 0;
}

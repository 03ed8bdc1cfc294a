/** A poll comes every quarter of a second; a machine that has much to do may be late. */
const GRACE = '10 seconds';
const MOST_STUCK = 1_000;

/**
 * Looks for sagas that nobody attends to, and for those that need an operator, which is no fault.
 * @param {import('pg').Client} client of order-service's database
 * @param {import('./rules.mjs').Findings} findings
 * @returns {Promise<{counts: Record<string, number>, stuck: {id: string, step: string, error: string}[]}>} counts by status
 */
export async function auditSagas(client, findings) {
  const query = async (text) => (await client.query(text)).rows;
  const overdue = await query(
    // Deadlines are by the sagas' clock.
    `select saga_id as id, step, deadline - shift as deadline
     from saga_instance, (select shift_ms * interval '1 millisecond' as shift from saga_clock) clock
     where wake_at < now() + shift - interval '${GRACE}' and deadline < now() + shift - interval '${GRACE}' order by wake_at`,
  );
  for (const { id, step, deadline } of overdue)
    findings.note('SAGA_OVERDUE', id, `it awaits ${step}, and its deadline was ${deadline.toISOString()}`);
  const alone = await query(
    `select saga_id as id, status from saga_instance saga where saga_name = 'create_order_saga'
       and not exists (select from orders where orders.saga_id = saga.saga_id)`,
  );
  for (const { id, status } of alone) findings.note('SAGA_ORDER', id, `it is ${status}`);
  const counts = await query('select status, count(*)::integer as count from saga_instance group by status');
  const stuck = await query(
    `select saga_id as id, step, concat_ws(': ', last_error->>'code', last_error->>'message') as error
     from saga_instance where status = 'stuck' order by saga_id limit ${MOST_STUCK}`,
  );
  return { counts: Object.fromEntries(counts.map(({ status, count }) => [status, count])), stuck };
}

/** @returns {Promise<boolean>} whether any saga goes on by itself */
export async function anySagaRuns(client) {
  const { rows } = await client.query('select from saga_instance where wake_at is not null limit 1');
  return rows.length > 0;
}

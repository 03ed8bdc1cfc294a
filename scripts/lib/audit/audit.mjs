/** The audit: whether what the four services and the broker hold fits together. It only reads, and may run at any time. */
import { withDatabases } from './databases.mjs';
import { auditOrders } from './orders.mjs';
import { auditQueues } from './queues.mjs';
import { collectFindings } from './rules.mjs';
import { anySagaRuns, auditSagas } from './sagas.mjs';

/**
 * @typedef {{databases: Record<string, string>, schema?: string, amqpUrls: string[]}} Places the databases' URLs by their names, `order_service` and so on; `public` unless a
 *   schema is named
 * @typedef {{wrong: import('./rules.mjs').Finding[], wrongCounts: Record<string, number>, stuck: {id: string, step: string, error: string}[],
 *   counts: {orders: Record<string, number>, tickets: Record<string, number>, authorizations: Record<string, number>,
 *   sagas: Record<string, number>, queues: Record<string, number>}}} Report `wrong` has at most a thousand of each rule, `wrongCounts` counts all
 */

/**
 * @param {Places} places
 * @returns {Promise<Report>}
 * @throws when it could not look everywhere
 */
export async function audit({ databases: urls, schema = 'public', amqpUrls }) {
  const findings = collectFindings();
  return withDatabases(urls, schema, async (databases) => {
    const ofOrders = await auditOrders(databases, findings);
    const { counts: sagas, stuck } = await auditSagas(databases.orders, findings);
    const queues = await auditQueues(amqpUrls, () => anySagaRuns(databases.orders), findings);
    return { wrong: findings.list(), wrongCounts: findings.counts(), stuck, counts: { ...ofOrders, sagas, queues } };
  });
}

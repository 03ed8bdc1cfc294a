/** The audit: whether what the services and the broker hold fits together. It only reads, and may run at any time. */
import { withDatabases, type DatabaseUrls } from './databases.js';
import { auditOrders, type OrderCounts } from './orders.js';
import { auditQueues } from './queues.js';
import { Findings, type Finding, type Rule } from './rules.js';
import { anySagaRuns, auditSagas, type StuckSaga } from './sagas.js';

/** Where the databases and the broker are. */
export interface Places {
  readonly databases: DatabaseUrls;
  /** In which the tables are; `public` unless given. */
  readonly schema?: string;
  /** Of one cluster; the first that answers is asked. */
  readonly amqpUrls: readonly string[];
}

export interface Report {
  /** At most a thousand of each rule; `wrongCounts` counts all. */
  readonly wrong: readonly Finding[];
  readonly wrongCounts: Partial<Record<Rule, number>>;
  readonly stuck: readonly StuckSaga[];
  readonly counts: OrderCounts & { readonly sagas: Record<string, number>; readonly queues: Record<string, number> };
}

/** @returns what is there, and what is wrong @throws when it could not look everywhere */
export async function audit({ databases: urls, schema = 'public', amqpUrls }: Places): Promise<Report> {
  const findings = new Findings();
  return withDatabases(urls, schema, async (databases) => {
    const ofOrders = await auditOrders(databases, findings);
    const { counts: sagas, stuck } = await auditSagas(databases.orders, findings);
    const queues = await auditQueues(amqpUrls, () => anySagaRuns(databases.orders), findings);
    return { wrong: findings.list(), wrongCounts: findings.counts(), stuck, counts: { ...ofOrders, sagas, queues } };
  });
}

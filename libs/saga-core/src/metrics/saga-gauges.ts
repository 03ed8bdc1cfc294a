/** How the sagas of a database stand: asked of the database when somebody looks, so that each process tells the same. */
import { Gauge, type Registry } from 'prom-client';
import type { Database } from '../store/database.js';
import { sagaGauges as readGauges, type SagaGauge } from '../store/saga-gauges.js';

/** However many look, the database is asked once in so long. */
const FRESH_MS = 5_000;
/** A database that does not answer must not take all other metrics with it. */
const PATIENCE_MS = 2_000;

/**
 * @param database - of an orchestrator
 * @param registry - where the metrics are; each registry takes them once
 */
export function sagaGauges<Db>(database: Database<Db>, registry: Registry): void {
  const read = fresh(() => readGauges(database));
  const gauge = (
    name: string,
    help: string,
    labelNames: string[],
    fill: (gauge: Gauge, sagas: readonly SagaGauge[]) => void,
  ) =>
    new Gauge({
      name,
      help,
      labelNames,
      registers: [registry],
      async collect() {
        const sagas = await read();
        this.reset();
        // What is not known is not told: it is absent.
        if (sagas) fill(this, sagas);
        else this.remove();
      },
    });
  gauge(
    'saga_instances',
    'Sagas that have not ended, by status and step.',
    ['saga', 'status', 'step'],
    (instances, sagas) => {
      for (const { saga, status, step, count } of sagas) instances.set({ saga, status, step: step ?? '' }, count);
    },
  );
  gauge(
    'saga_oldest_seconds',
    'Since the oldest saga was started that has not ended.',
    ['saga', 'status'],
    (oldest, sagas) => {
      for (const [{ saga, status }, seconds] of longest(sagas, ({ oldestS }) => oldestS))
        oldest.set({ saga, status }, seconds);
    },
  );
  gauge(
    'saga_overdue_seconds',
    'Since the deadline was due that has waited longest to be seen to; some seconds are usual, more means that no orchestrator works.',
    [],
    (overdue, sagas) => overdue.set(Math.max(0, ...sagas.map(({ overdueS }) => overdueS))),
  );
}

/** @returns the largest value for each saga and status */
function longest(sagas: readonly SagaGauge[], valueOf: (saga: SagaGauge) => number): Map<SagaGauge, number> {
  const found = new Map<string, [SagaGauge, number]>();
  for (const each of sagas) {
    const key = `${each.saga} ${each.status}`;
    const known = found.get(key);
    if (!known || known[1] < valueOf(each)) found.set(key, [each, valueOf(each)]);
  }
  return new Map(found.values());
}

/** @returns what was read a moment ago, or is read now; null when it cannot be */
function fresh<Result>(read: () => Promise<Result>): () => Promise<Result | null> {
  let current: Promise<Result | null> | null = null;
  let readAt = -Infinity;
  return async () => {
    if (!current || performance.now() - readAt > FRESH_MS) {
      readAt = performance.now();
      current = read().catch(() => null);
    }
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<null>((resolve) => {
      timer = setTimeout(resolve, PATIENCE_MS, null);
    });
    return Promise.race([current, timeout]).finally(() => clearTimeout(timer));
  };
}

/** How the sagas of a database stand: asked of the database when somebody looks, so that each process tells the same. */
import type { Registry } from 'prom-client';
import { onceInAWhile } from '../engine/once-in-a-while.js';
import type { Database } from '../store/database.js';
import { sagaGauges as readGauges, type SagaGauge } from '../store/saga-gauges.js';
import { instrumentsIn } from './instruments.js';

/** However many look, the database is asked once in so long. */
const EVERY_MS = 5_000;
/** A database that does not answer must not take all other metrics with it. */
const PATIENCE_MS = 2_000;

/**
 * @param database - of an orchestrator
 * @param registry - where the metrics are; each registry takes them once
 */
export function sagaGauges<Db>(database: Database<Db>, registry: Registry): void {
  const { gauge } = instrumentsIn(registry);
  const ask = onceInAWhile(EVERY_MS, () => readGauges(database));
  /** What is not known is not told: the gauges are without a value then. */
  const read = (): Promise<readonly SagaGauge[] | null> => soon(ask());
  gauge(
    'saga_instances',
    'Sagas that have not ended, by status and step.',
    ['saga', 'status', 'step'],
    async (instances) => {
      const sagas = await read();
      instances.reset();
      for (const { saga, status, step, count } of sagas ?? []) instances.set({ saga, status, step: step ?? '' }, count);
    },
  );
  gauge(
    'saga_oldest_seconds',
    'Since the oldest saga was started that has not ended.',
    ['saga', 'status'],
    async (oldest) => {
      const sagas = await read();
      oldest.reset();
      // The largest of each comes last.
      for (const { saga, status, oldestS } of [...(sagas ?? [])].sort((one, other) => one.oldestS - other.oldestS))
        oldest.set({ saga, status }, oldestS);
    },
  );
  gauge(
    'saga_overdue_seconds',
    'Since the deadline was due that has waited longest to be seen to; some seconds are usual, more means that no orchestrator works.',
    [],
    async (overdue) => {
      const sagas = await read();
      if (sagas) overdue.set(Math.max(0, ...sagas.map(({ overdueS }) => overdueS)));
      else overdue.remove();
    },
  );
}

/** @returns what comes in time; null for what fails, or takes too long */
async function soon<Result>(coming: Promise<Result>): Promise<Result | null> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS, null);
  });
  return Promise.race([coming.catch(() => null), timeout]).finally(() => clearTimeout(timer));
}

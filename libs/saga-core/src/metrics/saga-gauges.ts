/**
 * How the sagas of a database stand: asked of the database when somebody looks, so that each process tells the same.
 */
import type { Registry } from 'prom-client';
import type { Database } from '../store/database.js';
import { sagaGauges as readGauges } from '../store/saga-gauges.js';
import { cachedQuery } from './cached-query.js';
import { instrumentsIn } from './instruments.js';

/**
 * @param database - of an orchestrator
 * @param registry - where the metrics are; each registry takes them once
 */
export function sagaGauges<Db>(database: Database<Db>, registry: Registry): void {
  const { gauge } = instrumentsIn(registry);
  const read = cachedQuery(() => readGauges(database));
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

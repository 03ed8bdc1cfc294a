/** The state of the connections to PostgreSQL. */
import type { Registry } from 'prom-client';
import type { Database } from '../store/database.js';
import { poolOf } from '../store/open-database.js';
import { instrumentsIn } from './instruments.js';

/**
 * @param database - as openDatabase gave it
 * @param registry - where the metrics are; each registry takes them once
 */
export function poolMetrics<Db>(database: Database<Db>, registry: Registry): void {
  const { gauge } = instrumentsIn(registry);
  const pool = poolOf(database);
  gauge(
    'saga_database_connections',
    'Connections to PostgreSQL, by whether they are in use.',
    ['state'],
    (connections) => {
      connections.set({ state: 'idle' }, pool.idleCount);
      connections.set({ state: 'used' }, pool.totalCount - pool.idleCount);
    },
  );
  gauge('saga_database_waiting', 'Pieces of work that wait for a connection to PostgreSQL.', [], (connections) => {
    connections.set(pool.waitingCount);
  });
}

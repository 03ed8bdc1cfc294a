/** The state of the connections to PostgreSQL. */
import { Gauge, type Registry } from 'prom-client';
import type { Database } from '../store/database.js';
import { poolOf } from '../store/open-database.js';

/**
 * @param database - as openDatabase gave it
 * @param registry - where the metrics are; each registry takes them once
 */
export function poolMetrics<Db>(database: Database<Db>, registry: Registry): void {
  const registers = [registry];
  const pool = poolOf(database);
  new Gauge({
    name: 'saga_database_connections',
    help: 'Connections to PostgreSQL, by whether they are in use.',
    labelNames: ['state'],
    registers,
    collect() {
      this.set({ state: 'idle' }, pool.idleCount);
      this.set({ state: 'used' }, pool.totalCount - pool.idleCount);
    },
  });
  new Gauge({
    name: 'saga_database_waiting',
    help: 'Pieces of work that wait for a connection to PostgreSQL.',
    registers,
    collect() {
      this.set(pool.waitingCount);
    },
  });
}

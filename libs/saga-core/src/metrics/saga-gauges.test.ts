import { Registry } from 'prom-client';
import { openDatabase } from '../store/open-database.js';
import { poolMetrics } from './pool-metrics.js';
import { sagaGauges } from './saga-gauges.js';

test('a database that cannot be reached leaves its gauges without a value, and all else as it is', async () => {
  const registry = new Registry();
  // Nothing listens there.
  const database = openDatabase('postgres://nobody@127.0.0.1:1/nothing');
  sagaGauges(database, registry);
  poolMetrics(database, registry);
  const lines = (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  expect(lines.filter((line) => /^saga_(instances|oldest|overdue)/.test(line))).toEqual([]);
  expect(lines).toContain('saga_database_waiting 0');
  await database.destroy();
});

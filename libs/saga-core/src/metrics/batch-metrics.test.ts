import { Registry } from 'prom-client';
import { commandMetrics } from './command-metrics.js';
import { sagaMetrics } from './saga-metrics.js';

const samplesOf = async (registry: Registry) =>
  (await registry.metrics()).split('\n').filter((line) => /^saga_(batch|items)/.test(line));

test('batches that fail and items found guilty are counted, together for a process that is orchestrator and participant', async () => {
  const registry = new Registry();
  const [saga, command] = [sagaMetrics(registry), commandMetrics(registry)];
  saga.batchFailed?.('replies', 'item');
  command.batchFailed?.('commands', 'database');
  command.batchFailed?.('commands', 'database');
  saga.itemBlamed?.('replies', 'REPLY_NOT_APPLIED');
  command.itemBlamed?.('commands', 'HANDLER_FAILED');
  expect(await samplesOf(registry)).toEqual([
    'saga_batch_failures_total{where="replies",reason="item"} 1',
    'saga_batch_failures_total{where="commands",reason="database"} 2',
    'saga_items_blamed_total{where="replies",code="REPLY_NOT_APPLIED"} 1',
    'saga_items_blamed_total{where="commands",code="HANDLER_FAILED"} 1',
  ]);
});

test('a code that nobody has declared makes no series of its own', async () => {
  const registry = new Registry();
  const { itemBlamed } = commandMetrics(registry);
  for (let index = 0; index < 50; index++) itemBlamed?.('commands', `CODE_${index}`);
  expect(await samplesOf(registry)).toEqual(['saga_items_blamed_total{where="commands",code="other"} 50']);
});

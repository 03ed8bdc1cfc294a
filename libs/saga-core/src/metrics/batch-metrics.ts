/** Batches that fail, and the items that were found guilty. */
import type { Counter, Registry } from 'prom-client';
import type { BatchObserver } from '../store/batch-observer.js';
import { boundedCode } from './bounded-labels.js';
import { instrumentsIn } from './instruments.js';

const FAILURES = 'saga_batch_failures_total';
const BLAMED = 'saga_items_blamed_total';

/**
 * @param registry - where the metrics are. A process that is orchestrator and participant counts both here.
 * @returns the hooks that count them
 */
export function batchMetrics(registry: Registry): Required<BatchObserver> {
  const counter = <Label extends string>(name: string, help: string, labels: readonly Label[]): Counter<Label> =>
    (registry.getSingleMetric(name) as Counter<Label> | undefined) ??
    instrumentsIn(registry).counter(name, help, labels);
  const failures = counter(
    FAILURES,
    'Batches that failed as a whole, by what was handled and why: database, conflict, or item when one of its items broke it.',
    ['where', 'reason'],
  );
  const blamed = counter(BLAMED, 'Items that were found guilty of a failure, by what was handled and how they ended.', [
    'where',
    'code',
  ]);
  return {
    batchFailed: (where, reason) => failures.inc({ where, reason }),
    itemBlamed: (where, code) => blamed.inc({ where, code: boundedCode(code) }),
  };
}

/** What a participant does with commands. */
import type { Registry } from 'prom-client';
import type { CommandObserver } from '../participant/command-observer.js';
import { batchMetrics } from './batch-metrics.js';
import { instrumentsIn } from './instruments.js';

/**
 * @param registry - where the metrics are; each registry takes them once
 * @returns what a participant is given as an observer
 */
export function commandMetrics(registry: Registry): CommandObserver {
  const handled = instrumentsIn(registry).counter(
    'saga_commands_handled_total',
    'Commands by what became of them: success, refusal, error or withheld when the handler ran; duplicate, barred, nothing_to_undo, expired or invalid when it did not.',
    ['task', 'fate'],
  );
  return {
    ...batchMetrics(registry),
    handled: (commands) => {
      for (const { task, fate } of commands) handled.inc({ task, fate });
    },
  };
}

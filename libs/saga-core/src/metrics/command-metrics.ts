/** What a participant does with commands. */
import { Counter, type Registry } from 'prom-client';
import type { CommandObserver } from '../engine/observer.js';

/**
 * @param registry - where the metrics are; each registry takes them once
 * @returns what a participant is given as an observer
 */
export function commandMetrics(registry: Registry): CommandObserver {
  const handled = new Counter({
    name: 'saga_commands_handled_total',
    help: 'Commands by what became of them: success, refusal, error or withheld when the handler ran; duplicate, barred, nothing_to_undo, expired or invalid when it did not.',
    labelNames: ['task', 'fate'],
    registers: [registry],
  });
  return {
    handled: (commands) => {
      for (const { task, fate } of commands) handled.inc({ task, fate });
    },
  };
}

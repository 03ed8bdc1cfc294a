import type { Consumer } from './transport.js';

/** @returns why consumers do not do their work, or null when all do; without any there is none to do it */
export function notReadyReason(consumers: readonly Consumer[]): string | null {
  if (consumers.length === 0) return 'it is not running';
  const reasons = consumers.flatMap((consumer) => consumer.health().reason ?? []);
  return reasons.length === 0 ? null : reasons.join('; ');
}

import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { messageOf, SagaError } from '../errors.js';
import { DEFAULTS } from '../settings.js';
import { isTransient } from '../store/database-errors.js';
import type { LivingInstances } from '../store/living-instances.js';
import type { SagaRegistry } from './saga-registry.js';

/**
 * Sees to it that no living instance is left without a process that knows its definition. A database that is out of reach is waited for, until the signal
 * says stop.
 *
 * @param living - reads the definitions that living instances need
 * @throws {SagaError} DEFINITION_MISSING, saying how many instances need which definitions
 */
export async function checkDefinitions<Tx>(
  registry: SagaRegistry<Tx>,
  living: () => Promise<readonly LivingInstances[]>,
  { signal, logger }: { signal: AbortSignal; logger: Logger },
): Promise<void> {
  for (let attempt = 1; !signal.aborted; attempt++) {
    try {
      const missing = (await living()).filter((needed) => !registry.has(needed));
      if (missing.length > 0) throw new SagaError('DEFINITION_MISSING', describe(missing));
      return;
    } catch (error) {
      if (!isTransient(error)) throw error;
      logger.warn({ reason: messageOf(error) }, 'the definitions of living sagas could not be read; trying again');
      const pause = Math.min(DEFAULTS.recoveryMaxMs, DEFAULTS.recoveryInitialMs * 2 ** (attempt - 1));
      await delay(pause, undefined, { signal }).catch(() => undefined);
    }
  }
}

function describe(missing: readonly LivingInstances[]): string {
  const each = missing.map(
    ({ name, version, count, stuck }) =>
      `${count} living ${count === 1 ? 'instance' : 'instances'} of ${name} version ${version}${stuck > 0 ? ` (${stuck} stuck)` : ''}`,
  );
  return `There is no definition for ${each.join(', ')}: keep it among the orchestrator's sagas until they have ended`;
}

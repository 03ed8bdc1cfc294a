import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { differenceOf, shapeOf } from '../definition/shape.js';
import { messageOf, SagaError } from '../errors.js';
import { isTransient } from '../store/database-errors.js';
import type { LivingInstances } from '../store/living-instances.js';
import type { SagaRegistry } from './saga-registry.js';
import { recoveryPauseMs } from '../util/backoff.js';

/**
 * Sees to it that no living instance is left without a process that knows its definition. Those that were started with
 * other steps under the same version are left to a process that knows these, and told of. A database that is out of
 * reach is waited for, until the signal says stop.
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
      const needed = await living();
      const missing = needed.filter((key) => !registry.ofVersion(key));
      if (missing.length > 0) throw new SagaError('DEFINITION_MISSING', describe(missing));
      for (const other of needed) tellOfOtherSteps(other, registry, logger);
      return;
    } catch (error) {
      if (!isTransient(error)) throw error;
      logger.warn({ reason: messageOf(error) }, 'the definitions of living sagas could not be read; trying again');
      await delay(recoveryPauseMs(attempt), undefined, { signal }).catch(() => undefined);
    }
  }
}

function tellOfOtherSteps<Tx>(
  { name, version, fingerprint, shape, count, stuck }: LivingInstances,
  registry: SagaRegistry<Tx>,
  logger: Logger,
): void {
  const definition = registry.ofVersion({ name, version })!;
  if (fingerprint === null || fingerprint === definition.fingerprint) return;
  const difference = shape ? differenceOf(shape, shapeOf(definition.steps)) : ['the steps were not written down'];
  logger.error(
    { saga: name, version, count, stuck, difference },
    'living sagas were started with other steps under the same version; they wait for a process that knows these, so give the changed saga a new version',
  );
}

function describe(missing: readonly LivingInstances[]): string {
  const each = missing.map(
    ({ name, version, count, stuck }) =>
      `${count} living ${count === 1 ? 'instance' : 'instances'} of ${name} version ${version}${stuck > 0 ? ` (${stuck} stuck)` : ''}`,
  );
  return `There is no definition for ${each.join(', ')}: keep it among the orchestrator's sagas until they have ended`;
}

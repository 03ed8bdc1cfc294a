/** Earlier versions of a saga, for the instances that were started with them. */
import { SagaError } from '../errors.js';
import { checkSteps, type SagaDefinition } from './saga.js';
import { fingerprintOf, shapeOf } from './shape.js';
import type { Step } from './step.js';

/**
 * Defines an earlier version of a saga by what is different in it. Put it among the orchestrator's `sagas`, beside the
 * newer version: instances that were started with it then run to their end. Remove it once no instance of it is alive.
 *
 * @param newer - the version that new instances are started with
 * @param earlier.version - the version that the steps had, lower than that of `newer`
 * @param earlier.steps - makes the earlier steps of the newer ones
 * @throws {SagaError} INVALID_DEFINITION for steps that could end wrong, or a version that is not earlier
 */
export function earlierVersion<Data, Tx>(
  newer: SagaDefinition<Data, Tx>,
  earlier: {
    version: number;
    steps: (steps: readonly Step<Data, Tx>[]) => readonly Step<Data, Tx>[];
  },
): SagaDefinition<Data, Tx> {
  const { name } = newer;
  const { version } = earlier;
  if (!Number.isSafeInteger(version) || version < 1 || version >= newer.version)
    throw new SagaError(
      'INVALID_DEFINITION',
      `${name}: an earlier version must be a whole number from 1 and below ${newer.version}, and is ${version}`,
    );
  const steps = earlier.steps(newer.steps);
  checkSteps(name, steps);
  return { ...newer, version, steps, fingerprint: fingerprintOf(shapeOf(steps)) };
}

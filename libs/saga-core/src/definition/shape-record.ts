/**
 * Recorded shapes of a saga's versions. Steps that change without a new version would leave the instances of before
 * without a definition, so each version is recorded when it is made and compared with its record ever after.
 */
import type { SagaDefinition } from './saga.js';
import { differenceOf, shapeOf, type SagaShape } from './shape.js';

/** The steps of one version of a saga, as they were when the version was recorded. */
export interface ShapeRecord {
  readonly name: string;
  readonly version: number;
  readonly steps: SagaShape;
}

/** @returns what is recorded of a version */
export function shapeRecordOf<Data, Tx>({ name, version, steps }: SagaDefinition<Data, Tx>): ShapeRecord {
  return { name, version, steps: shapeOf(steps) };
}

/**
 * Compares the definitions of one saga with the records of its versions.
 *
 * @param definitions - the newest version, and the earlier ones whose instances may be alive
 * @param records - of all versions that were ever recorded
 * @returns what is wrong, a sentence each that says what to do; a newest version without a record is not wrong
 */
export function shapeProblems<Data, Tx>(
  definitions: readonly SagaDefinition<Data, Tx>[],
  records: readonly ShapeRecord[],
): string[] {
  const newest = Math.max(...[...definitions, ...records].map(({ version }) => version));
  const changed = definitions.flatMap(({ name, version, steps }) => {
    const record = records.find((each) => each.name === name && each.version === version);
    if (!record)
      return version === newest
        ? []
        : [`${name} version ${version} has no record: only the newest version may be new.`];
    const difference = differenceOf(record.steps, shapeOf(steps));
    if (difference.length === 0) return [];
    const changes = `The steps of ${name} version ${version} are not those that were recorded (${difference.join('; ')}).`;
    return [version === newest ? `${changes} ${adviceFor(version)}` : `${changes} Mend what earlierVersion is given.`];
  });
  const missing = records
    .filter(({ version }) => !definitions.some((definition) => definition.version === version))
    .map(
      ({ name, version }) =>
        `${name} version ${version} is recorded but not among the orchestrator's sagas: keep it there with ` +
        'earlierVersion until no instance of it is alive, and then delete its record.',
    );
  return [...changed, ...missing];
}

const adviceFor = (version: number): string =>
  `Instances that run need version ${version} as it was: set the saga's version to ${version + 1}, and define version ` +
  `${version} with earlierVersion (docs/add-a-step.md). If version ${version} has never run anywhere, delete its record.`;

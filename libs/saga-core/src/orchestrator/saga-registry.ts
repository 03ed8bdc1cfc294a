import type { SagaDefinition } from '../definition/saga.js';
import { isInstanceOf, type SagaInstance } from '../engine/instance.js';
import type { DefinitionKey } from './saga-store.js';
import { SagaError } from '../errors.js';

/** The definitions that an orchestrator runs, old versions that are draining included. */
export class SagaRegistry<Tx> {
  readonly keys: readonly DefinitionKey[];
  private readonly definitions: ReadonlyMap<string, SagaDefinition<never, Tx>>;

  /** @throws {SagaError} INVALID_DEFINITION when a name and version come twice */
  constructor(definitions: readonly SagaDefinition<never, Tx>[]) {
    this.keys = definitions.map(({ name, version, fingerprint }) => ({ name, version, fingerprint }));
    this.definitions = new Map(definitions.map((definition) => [keyOf(definition), definition]));
    if (this.definitions.size < definitions.length)
      throw new SagaError(
        'INVALID_DEFINITION',
        'Two sagas of the same name and version: raise the version of the newer one',
      );
  }

  /** @returns the definition of this name and version, whatever its steps. */
  ofVersion(key: VersionKey): SagaDefinition<never, Tx> | undefined {
    return this.definitions.get(keyOf(key));
  }

  /**
   * @returns the definition that an instance was started with, or undefined when this process does not know it, or
   *   knows other steps under its version.
   */
  find(
    instance: Pick<SagaInstance, 'sagaName' | 'definitionVersion' | 'fingerprint'>,
  ): SagaDefinition<never, Tx> | undefined {
    const definition = this.ofVersion({ name: instance.sagaName, version: instance.definitionVersion });
    return definition && isInstanceOf(definition, instance) ? definition : undefined;
  }

  /** @throws {SagaError} UNKNOWN_DEFINITION unless this orchestrator runs the definition */
  assertKnown(definition: SagaDefinition<never, Tx>): void {
    if (this.ofVersion(definition)?.fingerprint !== definition.fingerprint) throw this.unknown(definition);
  }

  /** @returns the error of a process that would need a definition. */
  unknown(key: VersionKey): SagaError {
    const { name, version } = key;
    const why = this.ofVersion(key)
      ? "has other steps among this orchestrator's sagas: steps that change need a new version"
      : "is not among this orchestrator's sagas";
    return new SagaError('UNKNOWN_DEFINITION', `${name} version ${version} ${why}`);
  }
}

type VersionKey = Pick<DefinitionKey, 'name' | 'version'>;

const keyOf = ({ name, version }: VersionKey): string => `${name}@${version}`;

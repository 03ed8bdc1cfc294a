import type { SagaDefinition } from '../definition/saga.js';
import type { DefinitionKey } from '../engine/saga-store.js';
import { SagaError } from '../errors.js';

/** The definitions that an orchestrator runs, old versions that are draining included. */
export class SagaRegistry<Tx> {
  readonly keys: readonly DefinitionKey[];
  private readonly definitions: ReadonlyMap<string, SagaDefinition<unknown, Tx>>;

  /** @throws {SagaError} INVALID_DEFINITION when a name and version come twice */
  constructor(definitions: readonly SagaDefinition<unknown, Tx>[]) {
    this.keys = definitions.map(({ name, version }) => ({ name, version }));
    this.definitions = new Map(definitions.map((definition) => [keyOf(definition), definition]));
    if (this.definitions.size < definitions.length)
      throw new SagaError(
        'INVALID_DEFINITION',
        'Two sagas of the same name and version: raise the version of the newer one',
      );
  }

  /** @returns whether this process knows a definition. */
  has(key: DefinitionKey): boolean {
    return this.definitions.has(keyOf(key));
  }

  /** @returns the definition that an instance was started with, or undefined when this process does not know it. */
  find(instance: {
    readonly sagaName: string;
    readonly definitionVersion: number;
  }): SagaDefinition<unknown, Tx> | undefined {
    return this.definitions.get(keyOf({ name: instance.sagaName, version: instance.definitionVersion }));
  }

  /** @throws {SagaError} UNKNOWN_DEFINITION unless this orchestrator runs the definition */
  assertKnown(definition: SagaDefinition<never, Tx>): void {
    if (!this.has(definition)) throw this.unknown(definition);
  }

  /** @returns the error of a process that would need a definition. */
  unknown({ name, version }: DefinitionKey): SagaError {
    return new SagaError('UNKNOWN_DEFINITION', `${name} version ${version} is not among this orchestrator's sagas`);
  }
}

const keyOf = ({ name, version }: DefinitionKey): string => `${name}@${version}`;

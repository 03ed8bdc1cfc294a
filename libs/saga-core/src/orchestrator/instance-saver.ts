/** Advances instances in a transaction and saves them, and tells of what was committed. */
import { crashPoint } from '../crash-point.js';
import type { SagaEvent } from '../engine/event.js';
import type { SagaInstance } from '../engine/instance.js';
import type { AdvancingBatch } from './advance.js';
import { advance, type Advanced, type AdvanceInput, type LocalOptions } from './advance.js';
import type { InstanceCache } from './instance-cache.js';
import type { SagaObserver } from './saga-observer.js';
import type { SagaRegistry } from './saga-registry.js';
import type { SagaChange, SagaSession, SagaStore } from './saga-store.js';

export interface SaveOptions<Tx> extends LocalOptions {
  /** Written in the same transaction, if anything is saved. */
  readonly alongside?: (tx: Tx) => Promise<void>;
  /**
   * For instances that were not locked: when it was decided what becomes of them, in milliseconds since the epoch, by
   * the sagas' clock.
   */
  readonly decidedAt?: number;
}

export class InstanceSaver<Tx> {
  private readonly store: SagaStore<Tx>;
  private readonly registry: SagaRegistry<Tx>;
  private readonly observer: Required<SagaObserver>;
  private readonly cache: InstanceCache;

  constructor(
    store: SagaStore<Tx>,
    registry: SagaRegistry<Tx>,
    observer: Required<SagaObserver>,
    cache: InstanceCache,
  ) {
    this.store = store;
    this.registry = registry;
    this.observer = observer;
    this.cache = cache;
  }

  /** @returns instances that are to be advanced: those of which this process knows the definition */
  inputs(
    instances: readonly SagaInstance[],
    eventsOf: (instance: SagaInstance) => readonly SagaEvent[],
  ): AdvanceInput<Tx>[] {
    return instances.flatMap((instance) => {
      const definition = this.registry.find(instance);
      return definition ? [{ definition, instance, events: eventsOf(instance) }] : [];
    });
  }

  /**
   * Runs a batch's local steps, saves it, and commits. What comes of it is to be told to {@link saved}.
   *
   * @throws {SagaError} STALE_INSTANCE when another version of an instance was saved since; and what breaks the
   *   transaction
   */
  async save(
    session: SagaSession<Tx>,
    batch: AdvancingBatch<Tx>,
    { alongside, decidedAt, ...options }: SaveOptions<Tx>,
  ): Promise<Advanced & { readonly suspects: readonly string[] }> {
    const advanced = await advance(session, batch, options);
    if (advanced.changes.length > 0) await alongside?.(session.tx);
    crashPoint('orchestrator:before-commit');
    await session.saveLast(advanced.changes, decidedAt);
    return advanced;
  }

  /** Remembers what was committed, and tells the observer. */
  saved(changes: readonly SagaChange[]): void {
    this.cache.saved(changes.map(({ instance }) => instance));
    if (changes.length > 0) this.observer.saved(changes, this.store.clock() ?? Date.now());
  }
}

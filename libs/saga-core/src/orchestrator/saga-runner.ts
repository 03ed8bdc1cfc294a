/** Applies events to saved instances: lock, decide, save; then the caller publishes. */
import type { Logger } from 'pino';
import type { CommandToSend } from '../contract/command-message.js';
import { crashPoint } from '../crash-point.js';
import type { SagaEvent } from '../engine/event.js';
import type { SagaInstance } from '../engine/instance.js';
import { withHope, type Care } from '../engine/run-handler.js';
import type { SagaSession, SagaStore } from '../engine/saga-store.js';
import { advance, type Advanced } from './advance.js';
import type { SagaRegistry } from './saga-registry.js';

/** What a set of events has led to. */
export interface Applied {
  readonly commands: readonly CommandToSend[];
  /** Sagas of which this database knows nothing. */
  readonly unknown: readonly string[];
}

export class SagaRunner<Tx> {
  private readonly store: SagaStore<Tx>;
  private readonly registry: SagaRegistry<Tx>;
  private readonly logger: Logger;
  private readonly onMoved: (instances: readonly SagaInstance[]) => void;

  /** @param onMoved - told, after each commit, of the instances that were saved */
  constructor(
    store: SagaStore<Tx>,
    registry: SagaRegistry<Tx>,
    logger: Logger,
    onMoved: (instances: readonly SagaInstance[]) => void,
  ) {
    this.store = store;
    this.registry = registry;
    this.logger = logger;
    this.onMoved = onMoved;
  }

  /** Applies events to instances, by saga id, in one transaction. */
  async apply(events: ReadonlyMap<string, readonly SagaEvent[]>): Promise<Applied> {
    const ids = [...events.keys()].sort();
    if (ids.length === 0) return { commands: [], unknown: [] };
    const { advanced, found } = await withHope((care) =>
      this.store.transaction(async (session) => {
        const { now, instances } = await session.lock(ids);
        const result = await this.save(session, instances, (instance) => events.get(instance.id)!, now, care);
        return { advanced: result, found: new Set(instances.map(({ id }) => id)) };
      }),
    );
    this.moved(advanced);
    return { commands: advanced.commands, unknown: ids.filter((id) => !found.has(id)) };
  }

  /**
   * Applies the deadline to instances of which it is due.
   *
   * @param limit - the most instances
   * @returns the commands to send, and whether more may be due
   */
  async applyDue(limit: number): Promise<{ commands: readonly CommandToSend[]; more: boolean }> {
    const { advanced, count } = await withHope((care) =>
      this.store.transaction(async (session) => {
        const { now, instances } = await session.lockDue(limit, this.registry.keys);
        const result = await this.save(session, instances, () => [{ type: 'deadline' }], now, care);
        return { advanced: result, count: instances.length };
      }),
    );
    this.moved(advanced);
    return { commands: advanced.commands, more: count === limit };
  }

  private async save(
    session: SagaSession<Tx>,
    instances: readonly SagaInstance[],
    eventsOf: (instance: SagaInstance) => readonly SagaEvent[],
    now: number,
    care: Care,
  ): Promise<Advanced> {
    const inputs = instances.flatMap((instance) => {
      const definition = this.registry.find(instance);
      if (definition) return [{ definition, instance, events: eventsOf(instance) }];
      // Another process knows it; its deadline will have that process ask again.
      this.logger.warn(
        { sagaId: instance.id, saga: instance.sagaName, version: instance.definitionVersion },
        'unknown saga definition',
      );
      return [];
    });
    const advanced = await advance(session, inputs, now, care);
    await session.save(advanced.changes);
    crashPoint('orchestrator:before-commit');
    return advanced;
  }

  private moved({ changes }: Advanced): void {
    crashPoint('orchestrator:after-commit');
    for (const { instance } of changes)
      if (instance.status === 'stuck')
        this.logger.error(
          { sagaId: instance.id, step: instance.awaited?.name, lastError: instance.lastError },
          'a saga is stuck and needs an operator',
        );
    this.onMoved(changes.map(({ instance }) => instance));
  }
}

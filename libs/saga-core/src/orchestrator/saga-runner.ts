/** Applies events to saved instances: lock, decide, save; then the caller publishes. */
import type { Logger } from 'pino';
import type { CommandToSend } from '../contract/command-message.js';
import { parseCommandId } from '../contract/routing.js';
import { crashPoint } from '../crash-point.js';
import type { SagaEvent } from '../engine/event.js';
import { groupBy } from '../engine/group-by.js';
import { hasEnded, type SagaInstance } from '../engine/instance.js';
import { logSparsely } from '../engine/log-sparsely.js';
import { withHope, type Care } from '../engine/run-handler.js';
import type { KeptReply, SagaSession, SagaStore } from '../engine/saga-store.js';
import { advance, type Advanced } from './advance.js';
import type { SagaRegistry } from './saga-registry.js';

/** What a set of events has led to. */
export interface Applied {
  readonly commands: readonly CommandToSend[];
  /** Sagas of which this database knows nothing. */
  readonly unknown: readonly string[];
  /** Sagas whose definition this process does not know. Replies to them are kept for one that does; nothing else has happened to them. */
  readonly foreign: readonly SagaInstance[];
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
    if (ids.length === 0) return { commands: [], unknown: [], foreign: [] };
    const { advanced, unknown, foreign } = await withHope((care) =>
      this.store.transaction(async (session) => {
        const { now, instances } = await session.lock(ids);
        const others = instances.filter((instance) => !this.registry.find(instance));
        await session.keepReplies(others.flatMap((instance) => repliesToKeep(instance, events.get(instance.id)!)));
        const result = await this.save(session, instances, (instance) => events.get(instance.id)!, now, care);
        const found = new Set(instances.map(({ id }) => id));
        return { advanced: result, unknown: ids.filter((id) => !found.has(id)), foreign: others };
      }),
    );
    this.moved(advanced);
    return { commands: advanced.commands, unknown, foreign };
  }

  /**
   * Applies replies that a process received which does not know their sagas' definitions.
   *
   * @param limit - the most instances
   * @returns the commands to send, and whether there may be more
   */
  async applyKept(limit: number): Promise<{ commands: readonly CommandToSend[]; more: boolean }> {
    const { advanced, count } = await withHope((care) =>
      this.store.transaction(async (session) => {
        const { now, instances, replies } = await session.lockKept(limit, this.registry.keys);
        const events = groupBy(
          replies.map((reply) => ({ type: 'reply', ...reply }) as const),
          ({ commandId }) => parseCommandId(commandId)!.sagaId,
        );
        const result = await this.save(session, instances, ({ id }) => events.get(id) ?? [], now, care);
        return { advanced: result, count: instances.length };
      }),
    );
    this.moved(advanced);
    return { commands: advanced.commands, more: count === limit };
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
      return definition ? [{ definition, instance, events: eventsOf(instance) }] : [];
    });
    const advanced = await advance(session, inputs, now, care);
    await session.save(advanced.changes);
    crashPoint('orchestrator:before-commit');
    return advanced;
  }

  private moved({ changes }: Advanced): void {
    crashPoint('orchestrator:after-commit');
    for (const { instance, history } of changes) {
      for (const { type, commandId } of history)
        if (type === 'reply_ignored')
          logSparsely(this.logger, 'info', { sagaId: instance.id, commandId }, 'a late or doubled reply has no effect');
      if (instance.status === 'stuck')
        this.logger.error(
          { sagaId: instance.id, step: instance.awaited?.name, lastError: instance.lastError },
          'a saga is stuck and needs an operator',
        );
    }
    this.onMoved(changes.map(({ instance }) => instance));
  }
}

/** @returns the replies among the events of an instance that another process must judge: none when it has ended, for then no reply counts */
function repliesToKeep({ status }: SagaInstance, events: readonly SagaEvent[]): KeptReply[] {
  if (hasEnded(status)) return [];
  return events.flatMap((event) => (event.type === 'reply' ? [event] : []));
}

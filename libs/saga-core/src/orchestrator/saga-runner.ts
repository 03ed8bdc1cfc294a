/**
 * Applies events to saved instances: decide, and save; then the caller publishes. An instance that this process saved last is taken as it knows it, and
 * saved unless somebody else has done so since; any other is locked and read first.
 */
import type { CommandToSend } from '../contract/command-message.js';
import { parseCommandId } from '../contract/routing.js';
import { crashPoint } from '../crash-point.js';
import type { SagaEvent } from '../engine/event.js';
import { groupBy } from '../engine/group-by.js';
import { hasEnded, type SagaInstance } from '../engine/instance.js';
import { withHope, type Care } from '../engine/run-handler.js';
import type { SagaObserver } from '../engine/observer.js';
import type { KeptReply, SagaChange, SagaSession, SagaStore } from '../engine/saga-store.js';
import { SagaError } from '../errors.js';
import { DEFAULTS } from '../settings.js';
import { advance, advanceWithoutLocal, type Advanced, type AdvanceInput } from './advance.js';
import { InFlightLimit } from './in-flight-limit.js';
import { InstanceCache } from './instance-cache.js';
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
  private readonly observer: SagaObserver;
  private readonly cache = new InstanceCache();
  private readonly inFlightLimit = new InFlightLimit(() => this.cache.countSaved(DEFAULTS.inFlightForMs));

  constructor(store: SagaStore<Tx>, registry: SagaRegistry<Tx>, observer: SagaObserver) {
    this.store = store;
    this.registry = registry;
    this.observer = observer;
  }

  /** Tells of instances that were started and committed. */
  started(changes: readonly SagaChange[]): void {
    this.cache.saved(changes.map(({ instance }) => instance));
    this.observer.saved(changes, this.store.clock() ?? Date.now());
  }

  /** @returns whether `more` sagas would be too many: steps would take so long that they time out */
  isOverloadedBy(more: number): boolean {
    return !this.inFlightLimit.allows(more);
  }

  /**
   * Applies events to instances, by saga id; each instance's events take effect together.
   *
   * @param alongside - for what an operator does: what is written in the same transaction, if anything is saved
   */
  async apply(
    events: ReadonlyMap<string, readonly SagaEvent[]>,
    alongside?: (tx: Tx) => Promise<void>,
  ): Promise<Applied> {
    const ids = [...events.keys()].sort();
    const now = this.store.clock();
    const cached = now === null ? [] : ids.flatMap((id) => this.cached(id, events.get(id)!) ?? []);
    try {
      if (now === null || cached.length === 0) return await this.applyLocked(ids, events, alongside);
      const { commands, saved } = await this.applyCached(cached, events, now);
      const left = ids.filter((id) => !saved.has(id));
      if (left.length === 0) return { commands, unknown: [], foreign: [] };
      const rest = await this.applyLocked(left, events, alongside);
      return { ...rest, commands: [...commands, ...rest.commands] };
    } catch (error) {
      // What was committed is not known.
      this.cache.forget(ids);
      throw error;
    }
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
        const result = await this.save(
          session,
          this.inputs(instances, ({ id }) => events.get(id) ?? []),
          now,
          care,
        );
        return { advanced: result, count: instances.length };
      }),
    );
    this.moved(advanced.changes);
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
        const result = await this.save(
          session,
          this.inputs(instances, () => [{ type: 'deadline' }]),
          now,
          care,
        );
        return { advanced: result, count: instances.length };
      }),
    );
    this.moved(advanced.changes);
    return { commands: advanced.commands, more: count === limit };
  }

  /** @returns the instance as this process knows it, unless a reply says that it has gone on elsewhere */
  private cached(id: string, events: readonly SagaEvent[]): SagaInstance | undefined {
    // An operator names what the database has.
    if (events.some(({ type }) => type === 'operator')) return undefined;
    const instance = this.cache.get(id);
    const isOvertaken = events.some(
      (event) => event.type === 'reply' && (parseCommandId(event.commandId)?.sequence ?? 0) > (instance?.sequence ?? 0),
    );
    return isOvertaken ? undefined : instance;
  }

  /** Without locks: one statement when no local step runs. @returns the ids of those that were saved; others were saved by someone else since */
  private async applyCached(
    instances: readonly SagaInstance[],
    events: ReadonlyMap<string, readonly SagaEvent[]>,
    now: number,
  ): Promise<{ commands: readonly CommandToSend[]; saved: ReadonlySet<string> }> {
    const inputs = this.inputs(instances, ({ id }) => events.get(id)!);
    this.inFlightLimit.note(inputs.flatMap((input) => waitedShare(input, now) ?? []));
    const advanced = advanceWithoutLocal(inputs, now);
    if (!advanced) return this.applyCachedWithLocal(inputs, now);
    crashPoint('orchestrator:before-commit');
    const saved = await this.store.saveUnlocked(advanced.changes, now);
    this.moved(advanced.changes.filter(({ instance }) => saved.has(instance.id)));
    const unchanged = new Set(advanced.changes.map(({ instance }) => instance.id));
    const settled = instances.map(({ id }) => id).filter((id) => saved.has(id) || !unchanged.has(id));
    return { commands: advanced.commands.filter(({ sagaId }) => saved.has(sagaId)), saved: new Set(settled) };
  }

  private async applyCachedWithLocal(
    inputs: readonly AdvanceInput<Tx>[],
    now: number,
  ): Promise<{ commands: readonly CommandToSend[]; saved: ReadonlySet<string> }> {
    try {
      const { changes, commands } = await withHope((care) =>
        this.store.transaction((session) => this.save(session, inputs, now, care, now)),
      );
      this.moved(changes);
      return { commands, saved: new Set(inputs.map(({ instance }) => instance.id)) };
    } catch (error) {
      if (!(error instanceof SagaError && error.code === 'STALE_INSTANCE')) throw error;
      return { commands: [], saved: new Set() };
    }
  }

  private async applyLocked(
    ids: readonly string[],
    events: ReadonlyMap<string, readonly SagaEvent[]>,
    alongside?: (tx: Tx) => Promise<void>,
  ): Promise<Applied> {
    if (ids.length === 0) return { commands: [], unknown: [], foreign: [] };
    const { advanced, unknown, foreign } = await withHope((care) =>
      this.store.transaction(async (session) => {
        const { now, instances } = await session.lock(ids);
        const others = instances.filter((instance) => !this.registry.find(instance));
        await session.keepReplies(others.flatMap((instance) => repliesToKeep(instance, events.get(instance.id)!)));
        const inputs = this.inputs(instances, ({ id }) => events.get(id)!);
        const result = await this.save(session, inputs, now, care, undefined, alongside);
        const found = new Set(instances.map(({ id }) => id));
        return { advanced: result, unknown: ids.filter((id) => !found.has(id)), foreign: others };
      }),
    );
    this.moved(advanced.changes);
    return { commands: advanced.commands, unknown, foreign };
  }

  private inputs(
    instances: readonly SagaInstance[],
    eventsOf: (instance: SagaInstance) => readonly SagaEvent[],
  ): AdvanceInput<Tx>[] {
    return instances.flatMap((instance) => {
      const definition = this.registry.find(instance);
      return definition ? [{ definition, instance, events: eventsOf(instance) }] : [];
    });
  }

  private async save(
    session: SagaSession<Tx>,
    inputs: readonly AdvanceInput<Tx>[],
    now: number,
    care: Care,
    decidedAt?: number,
    alongside?: (tx: Tx) => Promise<void>,
  ): Promise<Advanced> {
    const advanced = await advance(session, inputs, now, care);
    if (advanced.changes.length > 0) await alongside?.(session.tx);
    crashPoint('orchestrator:before-commit');
    await session.saveLast(advanced.changes, decidedAt);
    return advanced;
  }

  private moved(changes: readonly SagaChange[]): void {
    crashPoint('orchestrator:after-commit');
    this.cache.saved(changes.map(({ instance }) => instance));
    if (changes.length > 0) this.observer.saved(changes, this.store.clock() ?? Date.now());
  }
}

/** @returns how much of its timeout a first attempt took to be answered; null when this is no answer to one */
function waitedShare<Tx>({ definition, instance, events }: AdvanceInput<Tx>, now: number): number | null {
  const { awaited } = instance;
  if (awaited?.state !== 'sent' || awaited.until === null || awaited.attempt > 1) return null;
  if (!events.some((event) => event.type === 'reply')) return null;
  const { action, undo } = definition.steps[awaited.step]!;
  const { replyTimeoutMs } = (awaited.direction === 'action' ? action : undo!).retry;
  return Math.max(0, 1 - (awaited.until - now) / replyTimeoutMs);
}

/** @returns the replies among the events of an instance that another process must judge: none when it has ended, for then no reply counts */
function repliesToKeep({ status }: SagaInstance, events: readonly SagaEvent[]): KeptReply[] {
  if (hasEnded(status)) return [];
  return events.flatMap((event) => (event.type === 'reply' ? [event] : []));
}

/**
 * Applies events to saved instances: decide, and save; then the caller publishes. An instance that this process saved
 * last is taken as it knows it, and saved unless somebody else has done so since; any other is locked and read first.
 */
import type { Logger } from 'pino';
import type { CommandToSend } from '../contract/command-message.js';
import { parseCommandId } from '../contract/routing.js';
import { crashPoint } from '../crash-point.js';
import type { OperatorAction, SagaEvent } from '../engine/event.js';
import { groupBy } from '../util/group-by.js';
import { hasEnded, type SagaInstance } from '../engine/instance.js';
import { HandlerTimeout, optimistically, logRetry, withinTime, type HandlerMode } from '../store/run-handler.js';
import type { SagaObserver } from './saga-observer.js';
import type { BatchFailure, BatchPlace } from '../store/batch-observer.js';
import type { KeptReply, LockedBatch, SagaChange, SagaSession, SagaStore } from './saga-store.js';
import { messageOf, SagaError } from '../errors.js';
import { CONSTANTS } from '../settings.js';
import { causeOf, isOutage } from '../store/database-errors.js';
import { bisectBatch, failureOf, handleIsolated, HandlerTimeBudget } from '../store/bisect-batch.js';
import { AdvancingBatch, type LocalOptions } from './advance.js';
import { CachedInstances, type Events } from './cached-instances.js';
import { InFlightLimit } from './in-flight-limit.js';
import { InstanceCache } from './instance-cache.js';
import { InstanceSaver, type SaveOptions } from './instance-saver.js';
import type { SagaRegistry } from './saga-registry.js';

/** What events have led to. */
export interface Applied {
  readonly commands: readonly CommandToSend[];
  /** Sagas of which this database knows nothing. */
  readonly unknown: readonly string[];
  /**
   * Sagas whose definition this process does not know. Replies to them are kept for one that does; nothing else has
   * happened to them.
   */
  readonly foreign: readonly SagaInstance[];
  /**
   * Sagas that failed, or may have made others fail: nothing has happened to them, and they are to be advanced alone.
   */
  readonly suspects: readonly string[];
}

const NOTHING: Applied = { commands: [], unknown: [], foreign: [], suspects: [] };

/** Instances that are locked, with what has happened to them. */
interface LockedInputs extends LockedBatch {
  readonly eventsOf: (instance: SagaInstance) => readonly SagaEvent[];
}

/** Where what is applied comes from, and how it is locked. */
type Source<Tx> = (session: SagaSession<Tx>) => Promise<LockedInputs>;

/** A round of what waits in the database. */
export interface AppliedRound extends Applied {
  /** Whether there may be more at once. */
  readonly more: boolean;
}

export interface RunnerParts<Tx> {
  readonly store: SagaStore<Tx>;
  readonly registry: SagaRegistry<Tx>;
  readonly observer: Required<SagaObserver>;
  readonly logger: Logger;
  /** How long a local step may take, in milliseconds. */
  readonly handlerTimeoutMs: number;
  /** Whether it says when more sagas would be too many. */
  readonly limitInFlight: boolean;
}

export class SagaRunner<Tx> {
  private readonly store: SagaStore<Tx>;
  private readonly registry: SagaRegistry<Tx>;
  private readonly observer: Required<SagaObserver>;
  private readonly logger: Logger;
  private readonly shared: ApplyOptions<Tx>;
  private readonly isolatedOptions: LocalOptions;
  private readonly cache = new InstanceCache();
  private readonly saver: InstanceSaver<Tx>;
  private readonly cached: CachedInstances<Tx>;
  private readonly timeBudget = new HandlerTimeBudget();
  private readonly inFlightLimit: InFlightLimit | null;

  constructor({ store, registry, observer, logger, handlerTimeoutMs, limitInFlight }: RunnerParts<Tx>) {
    this.store = store;
    this.registry = registry;
    this.observer = observer;
    this.logger = logger;
    this.shared = { timeoutMs: handlerTimeoutMs * CONSTANTS.sharedHandlerTimeShare };
    this.isolatedOptions = { timeoutMs: handlerTimeoutMs, mode: 'isolated' };
    const { cache } = this;
    const count = () => cache.countSaved(CONSTANTS.inFlightForMs);
    const inFlightLimit = limitInFlight ? new InFlightLimit(count) : null;
    this.inFlightLimit = inFlightLimit;
    const saver = new InstanceSaver(store, registry, observer, cache);
    this.saver = saver;
    const { timeoutMs } = this.shared;
    this.cached = new CachedInstances({ store, cache, saver, inFlightLimit, logger, timeoutMs });
  }

  /** Tells of instances that were started and committed. */
  started(changes: readonly SagaChange[]): void {
    this.saver.saved(changes);
  }

  /** @returns whether `more` sagas would be too many: steps would take so long that they time out */
  isOverloadedBy(more: number): boolean {
    return !(this.inFlightLimit?.allows(more) ?? true);
  }

  /**
   * Applies events to instances; each instance's events take effect together. What fails does so alone: see `suspects`.
   *
   * @throws when the database is away
   */
  async apply(where: BatchPlace, events: Events): Promise<Applied> {
    const ids = [...events.keys()].sort();
    const known = await this.cached.apply(ids, events, (...failed) => this.batchFailed(where, ...failed));
    const left = ids.filter((id) => !known.settled.has(id) && !known.suspects.includes(id));
    const divided = await this.divide(where, left, (part, options) => this.applyTo(part, events, options));
    return merged([{ ...NOTHING, commands: known.commands, suspects: known.suspects }, ...divided]);
  }

  /**
   * Applies events to one instance, in a transaction of its own. One to which they cannot be applied is parked.
   *
   * @throws when the database is away
   */
  async applyAlone(where: BatchPlace, id: string, events: readonly SagaEvent[]): Promise<Applied> {
    const all = (given: readonly SagaEvent[]): Events => new Map([[id, given]]);
    return this.runIsolated(where, id, (options) => this.applyTo([id], all(events), options), [
      (thrown) => this.applyTo([id], all(events), { ...this.isolatedOptions, failure: { thrown } }),
      (thrown) => this.applyTo([id], all([inapplicable(thrown)]), this.isolatedOptions),
    ]);
  }

  /**
   * Does what an operator asks for.
   *
   * @param alongside - what is written in the same transaction, if anything is saved
   * @throws what the transition throws, and when the database is away
   */
  async act(id: string, action: OperatorAction, alongside?: (tx: Tx) => Promise<void>): Promise<Applied> {
    const options = { ...this.isolatedOptions, ...(alongside ? { alongside } : {}) };
    const events: Events = new Map([[id, [{ type: 'operator', action }]]]);
    return handleIsolated(
      () => this.applyTo([id], events, options),
      (thrown) => {
        if (thrown instanceof SagaError) throw thrown;
        // A local step that it led to has broken the transaction: that is an attempt of the step.
        return this.applyTo([id], events, { ...options, failure: { thrown } });
      },
      { isReachable: () => this.store.isReachable() },
    );
  }

  /**
   * Applies replies that a process received which does not know their sagas' definitions.
   *
   * @param limit - the most instances
   * @param except - instances that are left out: they are advanced alone
   */
  async applyKept(limit: number, except: readonly string[] = []): Promise<AppliedRound> {
    return this.round('kept_replies', limit, this.kept(limit, undefined, except), (part, options) =>
      this.applyFrom(this.kept(limit, part), options),
    );
  }

  /** The same for one instance, as {@link applyAlone}. */
  async applyKeptAlone(id: string): Promise<Applied> {
    const kept = this.kept(1, [id]);
    return this.runIsolated('kept_replies', id, (options) => this.applyFrom(kept, options), [
      (thrown) => this.applyFrom(kept, { ...this.isolatedOptions, failure: { thrown } }),
      (thrown) =>
        this.applyFrom(
          async (session) => ({ ...(await kept(session)), eventsOf: () => [inapplicable(thrown)] }),
          this.isolatedOptions,
        ),
    ]);
  }

  /**
   * Applies the deadline to instances of which it is due.
   *
   * @param limit - the most instances
   * @param except - instances that are left out: they are advanced alone
   */
  async applyDue(limit: number, except: readonly string[] = []): Promise<AppliedRound> {
    const due: Source<Tx> = async (session) => ({
      ...(await session.lockDue(limit, this.registry.keys, except)),
      eventsOf: () => [{ type: 'deadline' }],
    });
    return this.round('deadlines', limit, due, (part, options) =>
      this.applyTo(part, new Map(part.map((id) => [id, [{ type: 'deadline' }]])), options),
    );
  }

  private kept(limit: number, only?: readonly string[], except?: readonly string[]): Source<Tx> {
    return async (session) => {
      const { replies, ...locked } = await session.lockKept(limit, this.registry.keys, only, except);
      const events = groupBy(
        replies.map((reply) => ({ type: 'reply', ...reply }) as const),
        ({ commandId }) => parseCommandId(commandId)!.sagaId,
      );
      return { ...locked, eventsOf: ({ id }) => events.get(id) ?? [] };
    };
  }

  /** Applies what a source locks, and in parts what of it fails together. */
  private async round(
    where: BatchPlace,
    limit: number,
    source: Source<Tx>,
    again: (part: readonly string[], options: ApplyOptions<Tx>) => Promise<Applied>,
  ): Promise<AppliedRound> {
    let locked: readonly string[] = [];
    const noting: Source<Tx> = async (session) => {
      const inputs = await source(session);
      locked = inputs.instances.map(({ id }) => id);
      return inputs;
    };
    try {
      const applied = await this.applyFrom(noting, this.shared);
      return { ...applied, more: locked.length === limit };
    } catch (error) {
      const failure = await failureOf(error, () => this.store.isReachable());
      if (locked.length === 0 || failure === 'database') throw causeOf(error);
      this.batchFailed(where, failure, causeOf(error), locked.length);
      return { ...merged(await this.divide(where, locked, again)), more: locked.length === limit };
    }
  }

  private async divide(
    where: BatchPlace,
    ids: readonly string[],
    handle: (part: readonly string[], options: ApplyOptions<Tx>) => Promise<Applied>,
  ): Promise<Applied[]> {
    const { results, suspects } = await bisectBatch(ids, {
      timeBudget: this.timeBudget,
      handle: (part, timeShare) => handle(part, { timeoutMs: this.shared.timeoutMs * timeShare }),
      isReachable: () => this.store.isReachable(),
      onFailure: (reason, error, size) => this.batchFailed(where, reason, error, size),
    });
    return [...results, { ...NOTHING, suspects }];
  }

  /** @param ends - what is done with an instance that is to blame: the first that can be done */
  private async runIsolated(
    where: BatchPlace,
    id: string,
    handle: (options: ApplyOptions<Tx>) => Promise<Applied>,
    ends: readonly ((thrown: unknown) => Promise<Applied>)[],
  ): Promise<Applied> {
    const isReachable = () => this.store.isReachable();
    const blame = async (thrown: unknown): Promise<Applied> => {
      // Its input is not to blame: it comes again when it is not acknowledged.
      if (isRowHeld(thrown)) throw thrown;
      this.observer.itemBlamed(where, 'INPUT_NOT_APPLIED');
      this.logger.error({ sagaId: id, where, reason: messageOf(thrown) }, 'a saga cannot be advanced as it is');
      for (const end of ends)
        try {
          return await end(thrown);
        } catch (error) {
          if (isRowHeld(error)) throw error;
          if (await isOutage(error, isReachable)) throw causeOf(error);
        }
      this.logger.error({ sagaId: id, where }, 'a saga could not even be parked');
      return NOTHING;
    };
    return handleIsolated(() => handle(this.isolatedOptions), blame, {
      isReachable,
      onFailure: (reason, error, size) => this.batchFailed(where, reason, error, size),
    });
  }

  private batchFailed(where: BatchPlace, failure: BatchFailure, error: unknown, size: number): void {
    this.observer.batchFailed(where, failure);
    this.logger.warn({ where, size, failure, reason: messageOf(error) }, 'a batch failed as a whole');
  }

  /**
   * Moves timers out of the way that wake before they are due. @param limit - the most. @returns whether there may be
   * more
   */
  postponeEarlyTimers(limit: number): Promise<boolean> {
    return this.store.postponeEarlyTimers(limit);
  }

  /**
   * Has timers go on after the database's clock has jumped. @returns by how many milliseconds it has; null when there
   * is nothing to be done
   */
  absorbClockJump(): Promise<number | null> {
    return this.store.absorbClockJump();
  }

  /** Locks instances, and applies events to them. */
  private async applyTo(ids: readonly string[], events: Events, options: ApplyOptions<Tx>): Promise<Applied> {
    if (ids.length === 0) return NOTHING;
    this.cache.forget(ids);
    let found: LockedInputs = { now: 0, instances: [], eventsOf: () => [] };
    let held: readonly string[] = [];
    const applied = await this.applyFrom(async (session) => {
      const locked = await (options.mode === 'isolated'
        ? lockAlone(session, ids, options.timeoutMs)
        : session.lockFree(ids));
      ({ held } = locked);
      found = { ...locked, eventsOf: ({ id }) => events.get(id)! };
      const others = locked.instances.filter((instance) => !this.registry.find(instance));
      await session.keepReplies(others.flatMap((instance) => repliesToKeep(instance, events.get(instance.id)!)));
      return found;
    }, options);
    const exists = new Set([...held, ...found.instances.map(({ id }) => id)]);
    return {
      ...applied,
      unknown: ids.filter((id) => !exists.has(id)),
      foreign: found.instances.filter((instance) => !this.registry.find(instance)),
      // Who waits for them waits alone.
      suspects: [...applied.suspects, ...held],
    };
  }

  /** One transaction. */
  private async applyFrom(source: Source<Tx>, options: ApplyOptions<Tx>): Promise<Applied> {
    const run = (mode: HandlerMode) =>
      this.store.transaction(async (session) => {
        const { now, instances, eventsOf } = await source(session);
        const batch = new AdvancingBatch(this.saver.inputs(instances, eventsOf), now);
        return this.saver.save(session, batch, { ...options, mode });
      });
    const { changes, commands, suspects } = await (options.mode
      ? run(options.mode)
      : optimistically(run, logRetry(this.logger)));
    crashPoint('orchestrator:after-commit');
    this.saver.saved(changes);
    return { ...NOTHING, commands, suspects };
  }
}

/** How a transaction runs: optimistically at first, unless the mode is given. */
type ApplyOptions<Tx> = Omit<SaveOptions<Tx>, 'mode' | 'decidedAt'> & Partial<Pick<LocalOptions, 'mode'>>;

/** @throws {SagaError} SAGA_ROW_HELD when another transaction holds a row for too long */
async function lockAlone<Tx>(session: SagaSession<Tx>, ids: readonly string[], timeoutMs: number) {
  try {
    return { ...(await withinTime(session, timeoutMs, () => session.lock(ids))), held: [] };
  } catch (error) {
    if (!(error instanceof HandlerTimeout)) throw error;
    const row = `the row of saga ${ids.join(', ')}`;
    throw new SagaError('SAGA_ROW_HELD', `Another transaction has held ${row} for more than ${timeoutMs} ms`);
  }
}

const isRowHeld = (error: unknown): boolean => error instanceof SagaError && error.code === 'SAGA_ROW_HELD';

const inapplicable = (thrown: unknown): SagaEvent => ({ type: 'inapplicable', message: messageOf(thrown) });

const merged = (parts: readonly Applied[]): Applied => ({
  commands: parts.flatMap(({ commands }) => commands),
  unknown: parts.flatMap(({ unknown }) => unknown),
  foreign: parts.flatMap(({ foreign }) => foreign),
  suspects: parts.flatMap(({ suspects }) => suspects),
});

/**
 * @returns the replies among the events of an instance that another process must judge: none when it has ended, for
 *   then no reply counts
 */
function repliesToKeep({ status }: SagaInstance, events: readonly SagaEvent[]): KeptReply[] {
  if (hasEnded(status)) return [];
  return events.flatMap((event) => (event.type === 'reply' ? [event] : []));
}

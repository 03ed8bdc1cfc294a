/**
 * Applies events to instances as this process knows them: one statement, no lock, no reading. What somebody else has
 * saved since is not saved, and is left to the locked way.
 */
import type { Logger } from 'pino';
import type { CommandToSend } from '../contract/command-message.js';
import { parseCommandId } from '../contract/routing.js';
import { crashPoint } from '../crash-point.js';
import type { SagaEvent } from '../engine/event.js';
import type { SagaInstance } from '../engine/instance.js';
import { SagaError } from '../errors.js';
import type { BatchFailure } from '../store/batch-observer.js';
import { failureOf } from '../store/bisect-batch.js';
import { causeOf } from '../store/database-errors.js';
import { logRetry, optimistically, TransactionBroken } from '../store/run-handler.js';
import { AdvancingBatch, type AdvanceInput } from './advance.js';
import type { InFlightLimit } from './in-flight-limit.js';
import type { InstanceCache } from './instance-cache.js';
import type { InstanceSaver } from './instance-saver.js';
import { replyWaits } from './reply-waits.js';
import type { SagaStore } from './saga-store.js';

/** Events by saga id. */
export type Events = ReadonlyMap<string, readonly SagaEvent[]>;

/** What has become of instances that this process knew. */
export interface Settled {
  readonly commands: readonly CommandToSend[];
  /** The ids of those that failed, or may have made others fail: nothing has happened to them. */
  readonly suspects: readonly string[];
  /** The ids of those with which it is done. */
  readonly settled: ReadonlySet<string>;
}

const NONE: Settled = { commands: [], suspects: [], settled: new Set() };

interface CachedInstancesParts<Tx> {
  readonly store: SagaStore<Tx>;
  readonly cache: InstanceCache;
  readonly saver: InstanceSaver<Tx>;
  readonly inFlightLimit: InFlightLimit | null;
  readonly logger: Logger;
  /** How long the local steps of a batch may take, in milliseconds. */
  readonly timeoutMs: number;
}

export class CachedInstances<Tx> {
  private readonly store: SagaStore<Tx>;
  private readonly cache: InstanceCache;
  private readonly saver: InstanceSaver<Tx>;
  private readonly inFlightLimit: InFlightLimit | null;
  private readonly logger: Logger;
  private readonly timeoutMs: number;

  constructor({ store, cache, saver, inFlightLimit, logger, timeoutMs }: CachedInstancesParts<Tx>) {
    this.store = store;
    this.cache = cache;
    this.saver = saver;
    this.inFlightLimit = inFlightLimit;
    this.logger = logger;
    this.timeoutMs = timeoutMs;
  }

  /**
   * @param onFailure - told why all of them failed and with what, and how many they were
   * @throws when the database is away
   */
  async apply(
    ids: readonly string[],
    events: Events,
    onFailure: (failure: BatchFailure, error: unknown, size: number) => void,
  ): Promise<Settled> {
    const now = this.store.clock();
    const cached = now === null ? [] : ids.flatMap((id) => this.current(id, events.get(id)!) ?? []);
    if (now === null || cached.length === 0) return NONE;
    try {
      return await this.advance(cached, events, now);
    } catch (error) {
      // What was committed is not known.
      this.cache.forget(ids);
      const failure = await failureOf(error, () => this.store.isReachable());
      if (failure === 'database') throw causeOf(error);
      onFailure(failure, causeOf(error), cached.length);
      const suspect = error instanceof TransactionBroken ? error.suspect : null;
      return { ...NONE, suspects: ids.filter((id) => id === suspect) };
    }
  }

  /** @returns the instance as this process knows it, unless a reply says that it has gone on elsewhere */
  private current(id: string, events: readonly SagaEvent[]): SagaInstance | undefined {
    const instance = this.cache.get(id);
    const isOvertaken = events.some(
      (event) => event.type === 'reply' && (parseCommandId(event.commandId)?.sequence ?? 0) > (instance?.sequence ?? 0),
    );
    return isOvertaken ? undefined : instance;
  }

  private async advance(instances: readonly SagaInstance[], events: Events, now: number): Promise<Settled> {
    const inputs = this.saver.inputs(instances, ({ id }) => events.get(id)!);
    this.inFlightLimit?.note(replyWaits(inputs, now));
    const batch = new AdvancingBatch(inputs, now);
    const advanced = batch.result;
    if (!advanced) return this.advanceWithLocal(batch, inputs, now);
    crashPoint('orchestrator:before-commit');
    const saved = await this.store.saveUnlocked(advanced.changes, now);
    crashPoint('orchestrator:after-commit');
    this.saver.saved(advanced.changes.filter(({ instance }) => saved.has(instance.id)));
    const changed = new Set(advanced.changes.map(({ instance }) => instance.id));
    return {
      commands: advanced.commands.filter(({ sagaId }) => saved.has(sagaId)),
      suspects: [],
      settled: new Set(instances.map(({ id }) => id).filter((id) => saved.has(id) || !changed.has(id))),
    };
  }

  private async advanceWithLocal(
    first: AdvancingBatch<Tx>,
    inputs: readonly AdvanceInput<Tx>[],
    now: number,
  ): Promise<Settled> {
    try {
      let begun: AdvancingBatch<Tx> | null = first;
      const { changes, commands, suspects } = await optimistically((mode) => {
        const batch = begun ?? new AdvancingBatch(inputs, now);
        begun = null;
        const options = { mode, timeoutMs: this.timeoutMs, decidedAt: now };
        return this.store.transaction((session) => this.saver.save(session, batch, options));
      }, logRetry(this.logger));
      crashPoint('orchestrator:after-commit');
      this.saver.saved(changes);
      const settled = inputs.map(({ instance }) => instance.id).filter((id) => !suspects.includes(id));
      return { commands, suspects, settled: new Set(settled) };
    } catch (error) {
      if (!(error instanceof SagaError && error.code === 'STALE_INSTANCE')) throw error;
      return NONE;
    }
  }
}

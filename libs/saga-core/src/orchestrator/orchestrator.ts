import type { Logger } from 'pino';
import { crashPoint } from '../crash-point.js';
import type { SagaDefinition } from '../definition/saga.js';
import { shapeOf } from '../definition/shape.js';
import type { OperatorAction } from '../engine/event.js';
import type { SagaStatus } from '../engine/instance.js';
import { sagaObservers, type SagaObserver } from './saga-observer.js';
import { purgeLog } from '../store/batch-observer.js';
import type { StoredSaga } from './saga-store.js';
import { purgeLoop } from '../util/poll-loop.js';
import { messageOf, SagaError } from '../errors.js';
import { DEFAULTS } from '../settings.js';
import type { Database, Transaction } from '../store/database.js';
import { recordShapes } from '../store/known-definitions.js';
import { livingInstances } from '../store/living-instances.js';
import { postgresDeliveryAttempts } from '../store/postgres-delivery-attempts.js';
import { postgresSagaStore } from '../store/postgres-saga-store.js';
import { purgeSagas } from '../store/purge-sagas.js';
import { guardAgainstCrashLoops } from '../transport/crash-loop-guard.js';
import { orchestratorTopology, type QueueType } from '../transport/topology.js';
import { notReadyReason } from '../transport/not-ready-reason.js';
import type { Consumer, Transport } from '../transport/transport.js';
import { checkDefinitions } from './check-definitions.js';
import { sendCommands } from './command-sender.js';
import { CompletionWaiter } from './completion-waiter.js';
import { handleDeadlines } from './handle-deadlines.js';
import { replyBatchHandler } from './handle-replies.js';
import { sagaIdOf } from './saga-id.js';
import { sagaLog } from './saga-log.js';
import { SagaRegistry } from './saga-registry.js';
import { SagaRunner } from './saga-runner.js';
import { sagaView, type SagaView } from './saga-view.js';
import { startSagas, type NewSaga } from './advance.js';

export interface OrchestratorOptions<Db> {
  /** Every definition that may have instances, old versions that are draining included. */
  readonly sagas: readonly SagaDefinition<never, Transaction<Db>>[];
  /** Holds the tables of orchestratorMigrations beside the service's own. */
  readonly database: Database<Db>;
  readonly transport: Transport;
  readonly logger: Logger;
  readonly settings?: Partial<OrchestratorSettings>;
  /** Told of what happens, such as sagaMetrics of saga-core/metrics. */
  readonly observers?: readonly SagaObserver[];
}

export interface OrchestratorSettings {
  /** The most unacknowledged replies. */
  readonly prefetch: number;
  /** The most instances in one transaction. */
  readonly maxBatchSize: number;
  /** How often due deadlines are looked for, in milliseconds. */
  readonly deadlinePollMs: number;
  /** How long ended sagas are kept, in milliseconds; null for ever. */
  readonly sagaRetentionMs: number | null;
  readonly queueType: QueueType;
  /** How long a local step may take, in milliseconds; one that takes a quarter of it is run again alone. */
  readonly handlerTimeoutMs: number;
  /** Whether `isOverloadedBy` limits the sagas in flight by how long replies take; it always says no otherwise. */
  readonly limitInFlight: boolean;
}

/** Drives the sagas of one database. Any number of processes may run it side by side. */
export interface Orchestrator<Db> {
  /**
   * Declares the reply queues, and begins to take replies and to watch deadlines, once it has seen that it knows the
   * definitions of all living instances. Those that were started with other steps under the same version are left
   * alone, and the log says so once.
   *
   * @returns once replies arrive and commands can be sent; later when the broker is away, and also when it is stopped
   *   before
   * @throws {SagaError} DEFINITION_MISSING, saying how many instances need which definitions; nothing has begun then
   */
  run(): Promise<void>;
  /** Stops taking replies and deadlines, finishes those in hand; who waits for an end is answered null. */
  stop(): Promise<void>;
  /** @returns whether replies arrive now, and can be handled. */
  isReady(): boolean;
  /** @returns why it is not ready, or null when it is. */
  notReadyBecause(): string | null;
  /**
   * Starts instances in the caller's transaction.
   *
   * @returns `publish`, to be called after the commit: it sends the first commands. If it fails, or the process dies
   *   before, their deadlines send them.
   * @throws {SagaError} INVALID_SAGA_DATA, INVALID_SAGA_ID, START_REFUSED, START_FAILED with what a local step threw as
   *   its cause, DUPLICATE_SAGA, UNKNOWN_DEFINITION. Nothing has begun then.
   */
  start<Data>(
    tx: Transaction<Db>,
    saga: SagaDefinition<Data, Transaction<Db>>,
    instances: readonly NewSaga<Data>[],
  ): Promise<{ publish(): Promise<void> }>;
  /**
   * @param more - how many sagas are to be started, those included whose start is not committed yet
   * @returns whether they would be too many, so that steps would take too long and time out: whoever wants to start
   *   them should wait
   */
  isOverloadedBy(more: number): boolean;
  /**
   * @returns the status with which a saga ended or got stuck, or null when it did neither within `timeoutMs`.
   * @throws {SagaError} INVALID_SAGA_ID
   */
  waitForEnd(sagaId: string, timeoutMs: number): Promise<SagaStatus | null>;
  /** @returns an instance with its history, or null. @throws {SagaError} INVALID_SAGA_ID */
  find(sagaId: string): Promise<SagaView | null>;
  /** @returns an instance as it is stored, with its history, or null. @throws {SagaError} INVALID_SAGA_ID */
  stored(sagaId: string): Promise<StoredSaga | null>;
  /** The definitions that it runs. */
  readonly definitions: readonly SagaDefinition<never, Transaction<Db>>[];
  /**
   * Does what an operator asks for.
   *
   * @param record - writes down what is done, in the same transaction: an act that cannot be recorded is not done
   * @throws {SagaError} SAGA_NOT_FOUND, INVALID_SAGA_ID, UNKNOWN_DEFINITION when only another process can, and what the
   *   transition throws: ACTION_NOT_ALLOWED, SAGA_MOVED_ON, INVALID_SAGA_DATA; and what `record` throws. What was
   *   committed is sent later, when the broker is away.
   */
  operate(sagaId: string, action: OperatorAction, record?: (tx: Transaction<Db>) => Promise<void>): Promise<void>;
}

/** @returns an orchestrator, not yet running. */
export function createOrchestrator<Db>(options: OrchestratorOptions<Db>): Orchestrator<Db> {
  type Tx = Transaction<Db>;
  const { database, transport, logger } = options;
  const { prefetch, maxBatchSize, deadlinePollMs, sagaRetentionMs, queueType, handlerTimeoutMs, limitInFlight } = {
    prefetch: DEFAULTS.prefetch,
    maxBatchSize: DEFAULTS.maxBatchSize,
    deadlinePollMs: DEFAULTS.deadlinePollMs,
    sagaRetentionMs: DEFAULTS.sagaRetentionMs as number | null,
    queueType: DEFAULTS.queueType,
    handlerTimeoutMs: DEFAULTS.handlerTimeoutMs as number,
    limitInFlight: DEFAULTS.limitInFlight as boolean,
    ...options.settings,
  };
  const registry = new SagaRegistry<Tx>(options.sagas);
  const store = postgresSagaStore(database);
  const ends = new CompletionWaiter((ids) => store.statuses(ids), logger);
  const observer = sagaObservers([ends, sagaLog(logger, registry), ...(options.observers ?? [])], logger);
  observer.known(options.sagas);
  const runner = new SagaRunner<Tx>({ store, registry, observer, logger, handlerTimeoutMs, limitInFlight });
  const spared = new Set<string>();
  const told = purgeLog(logger, observer);
  const attempts = postgresDeliveryAttempts(database);
  const handleRepliesOf = (queue: string) =>
    guardAgainstCrashLoops(
      queue,
      replyBatchHandler(queue, runner, transport, logger, observer),
      attempts,
      transport,
      logger,
    );
  const stopping = new AbortController();
  let consumers: Consumer[] = [];
  let rounds: Promise<void>[] = [];

  return {
    async run() {
      const living = async () => {
        await recordShapes(
          database,
          options.sagas.map(({ steps }) => shapeOf(steps)),
        );
        return livingInstances(database);
      };
      await checkDefinitions(registry, living, { signal: stopping.signal, logger });
      if (stopping.signal.aborted) return;
      const names = [...new Set(registry.keys.map(({ name }) => name))];
      for (const name of names) transport.use(orchestratorTopology(name, queueType));
      consumers = [...new Set(options.sagas.map(({ replyAddress }) => replyAddress))].map((queue) =>
        transport.consume({ queue, prefetch, maxBatchSize, handleBatch: handleRepliesOf(queue) }),
      );
      const { signal } = stopping;
      rounds = [
        handleDeadlines({ runner, transport, logger, pollMs: deadlinePollMs, maxBatchSize, signal }),
        purgeLoop(
          sagaRetentionMs,
          (retentionMs, limit) => purgeSagas(database, retentionMs, { limit, spared, ...told }),
          { signal, logger },
        ),
      ];
      await transport.untilReady(signal);
    },
    async stop() {
      stopping.abort();
      ends.stop();
      await Promise.all([...rounds, ...consumers.map((consumer) => consumer.stop())]);
    },
    isReady: () => notReadyReason(consumers) === null,
    notReadyBecause: () => notReadyReason(consumers),
    async start(tx, saga, instances) {
      registry.assertKnown(saga);
      const session = store.within(tx);
      const { changes, commands } = await startSagas(session, saga, instances, store.clock() ?? (await session.now()));
      crashPoint('start:before-commit');
      return {
        publish: async () => {
          crashPoint('start:after-commit');
          runner.started(changes);
          try {
            await sendCommands(commands, transport, runner, logger);
          } catch (error) {
            logger.warn(
              { reason: messageOf(error) },
              'first commands could not be sent; their deadlines will send them',
            );
          }
        },
      };
    },
    isOverloadedBy: (more) => runner.isOverloadedBy(more),
    waitForEnd: async (sagaId, timeoutMs) => ends.wait(sagaIdOf(sagaId), timeoutMs),
    async find(sagaId) {
      const stored = await store.find(sagaIdOf(sagaId));
      return stored && sagaView(stored);
    },
    stored: async (sagaId) => store.find(sagaIdOf(sagaId)),
    definitions: options.sagas,
    async operate(given, action, record) {
      const sagaId = sagaIdOf(given);
      const { commands, unknown, foreign } = await runner.act(sagaId, action, record);
      if (unknown.length > 0) throw new SagaError('SAGA_NOT_FOUND', `There is no saga ${sagaId}`);
      const other = foreign[0];
      if (other) throw registry.unknown({ name: other.sagaName, version: other.definitionVersion });
      await sendCommands(commands, transport, runner, logger).catch((error: unknown) =>
        logger.warn({ sagaId, reason: messageOf(error) }, 'a command could not be sent; its deadline will send it'),
      );
    },
  };
}

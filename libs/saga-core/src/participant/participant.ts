import type { Logger } from 'pino';
import type { PayloadOf } from '../contract/command.js';
import { commandQueueOf } from '../contract/routing.js';
import type { ServiceContract } from '../contract/service.js';
import { commandObservers, type CommandObserver } from './command-observer.js';
import { purgeLog } from '../store/batch-observer.js';
import { purgeLoop } from '../util/poll-loop.js';
import { DEFAULTS } from '../settings.js';
import type { Database, Transaction } from '../store/database.js';
import { postgresDeliveryAttempts } from '../store/postgres-delivery-attempts.js';
import { postgresInboxStore } from '../store/postgres-inbox-store.js';
import { purgeInbox } from '../store/purge-inbox.js';
import { guardAgainstCrashLoops } from '../transport/crash-loop-guard.js';
import { participantTopology, type QueueType } from '../transport/topology.js';
import { notReadyReason } from '../transport/not-ready-reason.js';
import type { Consumer, Transport } from '../transport/transport.js';
import { commandLog } from './command-log.js';
import type { CommandHandlers } from './command-handlers.js';
import { commandBatchHandler } from './handle-commands.js';

export interface ParticipantOptions<Service extends ServiceContract, Db> {
  readonly service: Service;
  readonly handlers: CommandHandlers<Service, Transaction<Db>>;
  /** Holds the tables of participantMigrations beside the service's own. */
  readonly database: Database<Db>;
  readonly transport: Transport;
  readonly logger: Logger;
  /**
   * Puts business keys, such as an order's id, beside the ids in each log line about a command: makes them of its
   * payload.
   */
  readonly logFields?: (payload: PayloadOf<Service['commands'][keyof Service['commands']]>) => object;
  readonly settings?: Partial<ParticipantSettings>;
  /** Told of what happens, such as commandMetrics of saga-core/metrics. */
  readonly observers?: readonly CommandObserver[];
}

export interface ParticipantSettings {
  /** The most unacknowledged deliveries. */
  readonly prefetch: number;
  /** The most commands in one transaction. */
  readonly maxBatchSize: number;
  /**
   * How long the commands of a saga are remembered, from its start and in milliseconds; null for ever. Those of older
   * sagas are refused.
   */
  readonly inboxRetentionMs: number | null;
  readonly queueType: QueueType;
  /** How long a handler may take, in milliseconds; one that takes a quarter of it is run again alone. */
  readonly handlerTimeoutMs: number;
}

/** A service that handles the commands of its contract. */
export interface Participant {
  /**
   * Declares its queue and begins to consume it.
   *
   * @returns once commands arrive and can be answered; later when the broker is away, and also when it is stopped
   *   before
   */
  start(): Promise<void>;
  /** Stops taking commands, finishes and acknowledges those in hand. */
  stop(): Promise<void>;
  /** @returns whether commands arrive now, and can be handled. */
  isReady(): boolean;
  /** @returns why it is not ready, or null when it is. */
  notReadyBecause(): string | null;
}

/** @returns a participant, not yet started. */
export function createParticipant<Service extends ServiceContract, Db>(
  options: ParticipantOptions<Service, Db>,
): Participant {
  const { service, handlers, database, transport, logger } = options;
  const { prefetch, maxBatchSize, inboxRetentionMs, queueType, handlerTimeoutMs } = {
    prefetch: DEFAULTS.prefetch,
    maxBatchSize: DEFAULTS.maxBatchSize,
    inboxRetentionMs: DEFAULTS.inboxRetentionMs as number | null,
    queueType: DEFAULTS.queueType,
    handlerTimeoutMs: DEFAULTS.handlerTimeoutMs,
    ...options.settings,
  };
  const queue = commandQueueOf(service.name);
  const observer = commandObservers(options.observers ?? [], logger);
  const handleCommands = commandBatchHandler({
    service,
    handlers,
    inbox: postgresInboxStore(database),
    transport,
    logger,
    log: commandLog(logger, options.logFields),
    observer,
    handlerTimeoutMs,
  });
  const spared = new Set<string>();
  const told = purgeLog(logger, observer);
  const attempts = postgresDeliveryAttempts(database);
  const handleBatch = guardAgainstCrashLoops(queue, handleCommands, attempts, transport, logger);
  const stopping = new AbortController();
  let consumer: Consumer | null = null;
  let purged: Promise<void> = Promise.resolve();
  const notReadyBecause = (): string | null => notReadyReason(consumer ? [consumer] : []);
  return {
    async start() {
      transport.use(participantTopology(service.name, queueType));
      consumer = transport.consume({ queue, prefetch, maxBatchSize, handleBatch });
      const { signal } = stopping;
      purged = purgeLoop(
        inboxRetentionMs,
        (retentionMs, limit) => purgeInbox(database, retentionMs, { limit, spared, ...told }),
        { signal, logger },
      );
      await transport.untilReady(signal);
    },
    async stop() {
      stopping.abort();
      await Promise.all([consumer?.stop(), purged]);
      consumer = null;
    },
    isReady: () => notReadyBecause() === null,
    notReadyBecause,
  };
}

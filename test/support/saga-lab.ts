/**
 * Orchestrators and participants of any sagas in this process, on a real database and a real virtual host of their own.
 */
import {
  connectTransport,
  createOrchestrator,
  createParticipant,
  migrate,
  openDatabase,
  orchestratorMigrations,
  participantMigrations,
  SAGA_MIGRATION_TABLE,
  type CommandHandlers,
  type Orchestrator,
  type OrchestratorOptions,
  type ParticipantSettings,
  type SagaDefinition,
  type SagaStatus,
  type ServiceContract,
  type RabbitTransport,
} from 'saga-core';
import { createLogger } from 'service-kit';
import { createTestBroker, type TestBroker } from './broker.js';
import { createTestDatabase } from './database.js';
import { uuidOf } from './uuid.js';
import { waitFor } from './wait-for.js';

export type LabTables = Record<string, never>;
export type LabTx = Parameters<Orchestrator<LabTables>['start']>[0];

export interface SagaLab {
  readonly database: OrchestratorOptions<LabTables>['database'];
  readonly broker: TestBroker;
  readonly transport: RabbitTransport;
  /** @returns an orchestrator, not yet running; it is stopped at the end */
  orchestrator(
    sagas: OrchestratorOptions<LabTables>['sagas'],
    settings?: OrchestratorOptions<LabTables>['settings'],
  ): Orchestrator<LabTables>;
  /** Starts a participant, and waits until it takes commands. */
  participant<Service extends ServiceContract>(
    service: Service,
    handlers: CommandHandlers<Service, LabTx>,
    settings?: Partial<ParticipantSettings>,
  ): Promise<void>;
  /** Starts an instance in a transaction of its own. @returns its id */
  start<Data>(orchestrator: Orchestrator<LabTables>, saga: SagaDefinition<Data, LabTx>, data: Data): Promise<string>;
  /** Waits until a saga has this status. */
  untilStatus(id: string, status: SagaStatus): Promise<void>;
  /** Stops all, and drops what was made. */
  close(): Promise<void>;
}

/** @param purpose - part of the names of its database and virtual host */
export async function createSagaLab(purpose: string): Promise<SagaLab> {
  const logger = await createLogger(purpose, 'silent');
  const testDatabase = await createTestDatabase(purpose);
  const broker = await createTestBroker(purpose);
  const database = openDatabase<LabTables>(testDatabase.url, { poolSize: 8 });
  await migrate(database, {
    table: SAGA_MIGRATION_TABLE,
    migrations: { ...orchestratorMigrations, ...participantMigrations },
  });
  const transport = connectTransport({ urls: [broker.amqpUrl], name: purpose, logger });
  await waitFor('the broker', () => transport.canPublish());
  const running: { stop(): Promise<void> }[] = [];
  const orchestrator: SagaLab['orchestrator'] = (sagas, settings = {}) => {
    const created = createOrchestrator({ sagas, database, transport, logger, settings });
    running.push(created);
    return created;
  };
  const reader = createOrchestrator({ sagas: [], database, transport, logger });
  return {
    database,
    broker,
    transport,
    orchestrator,
    async participant(service, handlers, settings = {}) {
      const participant = createParticipant({ service, handlers, database, transport, logger, settings });
      running.push(participant);
      await participant.start();
    },
    async start(starter, saga, data) {
      const id = uuidOf(Date.now());
      const started = await database.transaction().execute((tx) => starter.start(tx, saga, [{ id, data }]));
      await started.publish();
      return id;
    },
    untilStatus: async (id, status) => {
      await waitFor(`saga ${id} to be ${status}`, async () => (await reader.find(id))?.status === status, 30_000);
    },
    async close() {
      await Promise.all(running.map((each) => each.stop()));
      await transport.close();
      await database.destroy();
      await Promise.all([broker.drop(), testDatabase.drop()]);
    },
  };
}

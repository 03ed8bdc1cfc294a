import { sql, type Kysely, type Transaction } from 'kysely';
import {
  createParticipant,
  DEFAULTS,
  participantMigrations,
  SAGA_MIGRATION_TABLE,
  type CommandHandlers,
  type Migrations,
  type ParticipantOptions,
  type ServiceContract,
} from 'saga-core';
import { participantDocument } from 'saga-core/asyncapi';
import { commandMetrics } from 'saga-core/metrics';
import { commandSpans } from 'saga-core/tracing';
import type { HttpApp } from './http-app.js';
import { retentionMs, retentionSetting } from './retention.js';
import { runService } from './run-service.js';

/** A service that handles commands: what {@link runParticipant} needs beside its contract. */
export interface ParticipantDefinition<Contract extends ServiceContract, Db> {
  /** Kebab case: `restaurant-service`. */
  readonly name: string;
  readonly defaultPort: number;
  /** The commands that it handles. */
  readonly service: Contract;
  readonly handlers: CommandHandlers<Contract, Transaction<Db>>;
  /** Puts business keys beside the ids in each log line about a command. */
  readonly logFields: NonNullable<ParticipantOptions<Contract, Db>['logFields']>;
  /** Of its own tables; those of the library are added. */
  readonly migrations: Migrations;
  /** Puts the first rows in. It runs at every start, also in two processes at once. */
  readonly seed: (database: Kysely<Db>) => Promise<void>;
  /** Adds its routes to those for health. */
  readonly routes: (app: HttpApp, database: Kysely<Db>) => void;
}

const settings = {
  INBOX_RETENTION_DAYS: retentionSetting('what is known of the commands of a saga', DEFAULTS.inboxRetentionMs),
};

/**
 * Runs a participant; see {@link runService} for how it begins and ends.
 *
 * @returns once it handles commands, or is told to stop before
 */
export async function runParticipant<Contract extends ServiceContract, Db>(
  participant: ParticipantDefinition<Contract, Db>,
): Promise<void> {
  const { name, defaultPort, service, handlers, logFields, migrations, seed, routes } = participant;
  await runService<Db, typeof settings>({
    name,
    defaultPort,
    settings,
    asyncApi: participantDocument(service),
    migrations: { [SAGA_MIGRATION_TABLE]: participantMigrations, app_migration: migrations },
    seed,
    build: ({ database, transport, logger, metrics, settings: { INBOX_RETENTION_DAYS } }) => ({
      worker: createParticipant({
        service,
        handlers,
        logFields,
        database,
        transport,
        logger,
        settings: { inboxRetentionMs: retentionMs(INBOX_RETENTION_DAYS) },
        observers: [commandMetrics(metrics), commandSpans()],
      }),
      routes: (app) => {
        routes(app, database);
      },
      probe: () => lastCommandAt(database),
    }),
  });
}

/** @returns when the command came that is the youngest saga's, if any */
async function lastCommandAt<Db>(database: Kysely<Db>): Promise<string | undefined> {
  const { rows } = await sql<{ created_at: Date }>`
    select created_at from saga_inbox order by saga_id desc, sequence desc limit 1`.execute(database);
  return rows[0]?.created_at.toISOString();
}

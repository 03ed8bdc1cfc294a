/** Runs one service from its first moment to its last. */
import type { TProperties } from '@sinclair/typebox';
import { connectTransport, ensureDatabase, migrate, openDatabase } from 'saga-core';
import { meteredTransport, poolMetrics } from 'saga-core/metrics';
import { asyncApiRoutes } from './asyncapi/routes.js';
import { armCrashInjection } from './crash-injection.js';
import { healthRoutes } from './health.js';
import { createHttpApp } from './http-app.js';
import { beginLifetime, type Lifetime } from './lifetime.js';
import { createLogger } from './logger.js';
import { createMetrics, measureRequests, metricsRoutes } from './metrics.js';
import type { Service, ServiceContext, ServiceDefinition } from './service-definition.js';
import { readSettings, SettingsError, type Settings } from './settings.js';
import { parseServiceUrls } from './service-urls.js';
import { traceRequests } from './tracing.js';
import { shedLoadWhile } from './shed-load.js';
import { whenAvailable } from './when-available.js';

/**
 * Runs a service: reads its settings, answers health checks at once, waits for database and broker, brings the database
 * up to date, and takes work until SIGTERM or SIGINT. Then it takes no more, finishes what is in hand, and the process
 * exits with 0.
 *
 * A setting that is missing or wrong is one line on stderr and exit code 1; so is, in the log, an error that waiting
 * cannot mend.
 *
 * @returns once the service is at work, or is told to stop before
 */
export async function runService<Db, Own extends TProperties = Record<never, never>>(
  definition: ServiceDefinition<Db, Own>,
): Promise<void> {
  const lifetime = beginLifetime();
  const settings = settingsOrExit(definition);
  const logger = await createLogger(definition.name, settings.LOG_LEVEL);
  lifetime.logTo(logger);
  armCrashInjection(settings.CRASH_AT, logger);

  if (settings.OTEL_EXPORTER_OTLP_ENDPOINT !== undefined) {
    // Loaded only where it is of use.
    const { startTracing } = await import('./tracing-sdk.js');
    lifetime.onStop('the traces', startTracing(definition.name, logger));
  }

  const metrics = createMetrics();
  const database = openDatabase<Db>(settings.DATABASE_URL, {
    applicationName: definition.name,
    transactionPooler: settings.DATABASE_POOLER,
    ...(settings.DATABASE_SCHEMA === undefined ? {} : { schema: settings.DATABASE_SCHEMA }),
  });
  lifetime.onStop('the database', () => database.destroy());
  poolMetrics(database, metrics);
  const urls = settings.AMQP_URL.split(',');
  const transport = meteredTransport(
    connectTransport({ urls, name: definition.name, logger, declare: settings.DECLARE_TOPOLOGY }),
    metrics,
  );
  lifetime.onStop('the transport', () => transport.close());

  const context = { settings, logger, database, transport, metrics, stopping: lifetime.stopping };
  const service = definition.build(context);
  try {
    let closedBecause: string | null = 'The service is starting: try again.';
    lifetime.stopping.addEventListener('abort', () => (closedBecause = 'The service is stopping: try again.'));
    await listen(definition, service, context, lifetime, () => closedBecause);
    await prepareDatabase(definition, context, lifetime);
    lifetime.stopping.throwIfAborted();
    closedBecause = null;
    // Registered last, so stopped first: requests that wait for the worker are answered before their connections are
    // closed.
    lifetime.onStop('the worker', () => service.worker.stop());
    await service.worker.start();
    logger.info('at work');
  } catch (error) {
    // Whatever was cut short by the end is no failure.
    if (!lifetime.stopping.aborted) throw error;
  }
}

function settingsOrExit<Db, Own extends TProperties>(definition: ServiceDefinition<Db, Own>): Settings<Own> {
  try {
    return readSettings(definition.defaultPort, definition.settings ?? ({} as Own), process.env);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    process.stderr.write(`${definition.name} cannot start: ${error.message}\n`);
    process.exit(1);
  }
}

async function listen<Db>(
  { name, asyncApi }: Pick<ServiceDefinition<Db>, 'name' | 'asyncApi'>,
  { worker, routes, probe }: Service,
  { database, transport, settings, logger, metrics }: ServiceContext<Db>,
  lifetime: Lifetime,
  closedBecause: () => string | null,
): Promise<void> {
  const app = createHttpApp(logger);
  lifetime.onStop('the HTTP server', () => app.close());
  measureRequests(app, metrics);
  if (settings.OTEL_EXPORTER_OTLP_ENDPOINT !== undefined) traceRequests(app);
  shedLoadWhile(app, closedBecause);
  // First the service's own, so that one that documents its API documents these as well.
  await routes?.(app);
  healthRoutes(app, { database, probe, transport, worker });
  metricsRoutes(app, metrics);
  asyncApiRoutes(app, asyncApi, name, parseServiceUrls(settings.SERVICE_URLS));
  await app.listen({ host: settings.HOST, port: settings.PORT });
}

async function prepareDatabase<Db>(
  { name, migrations, seed }: Pick<ServiceDefinition<Db>, 'name' | 'migrations' | 'seed'>,
  { settings, database, logger }: ServiceContext<Db>,
  lifetime: Lifetime,
): Promise<void> {
  const prepare = async () => {
    await ensureDatabase(settings.DATABASE_URL);
    for (const [table, versions] of Object.entries(migrations))
      await migrate(database, { table, migrations: versions, logger, signal: lifetime.stopping });
    await seed?.(database);
  };
  await whenAvailable(`the database of ${name}`, prepare, { logger, signal: lifetime.stopping });
}

import fs from 'node:fs';
import path from 'node:path';
import { freePort } from '../../scripts/lib/ports.js';
import { startPostgres } from '../../scripts/lib/postgres.js';
import { startRabbitMq } from '../../scripts/lib/rabbitmq.js';
import { SERVICES, startService, untilReady } from '../../scripts/lib/services.js';
import type { Session } from './session.js';

/** PostgreSQL and RabbitMQ. */
export interface Servers {
  readonly postgres: Awaited<ReturnType<typeof startPostgres>>;
  readonly rabbitmq: Awaited<ReturnType<typeof startRabbitMq>>;
  /** @returns the URL of a database by its name */
  databaseUrl(this: void, name: string): string;
  stop(): Promise<void>;
}

/** The services, which run. */
export interface Services {
  /** Of each order-service. */
  readonly orderUrls: readonly string[];
  /** By the name of the process. */
  readonly pids: Readonly<Record<string, number>>;
  stop(): Promise<void>;
}

/**
 * Starts PostgreSQL and RabbitMQ of the benchmark's own, with the settings that `npm start` gives them: fsync and
 * synchronous_commit on.
 *
 * @param directory - made anew
 */
export async function startServers(directory: string, { signal, registry, defer }: Session): Promise<Servers> {
  fs.rmSync(directory, { recursive: true, force: true });
  fs.mkdirSync(directory, { recursive: true });
  const placesOf = (name: string) => ({
    dataDir: path.join(directory, name),
    logFile: path.join(directory, `${name}.log`),
  });
  const startedPostgres = async () => {
    const settings = { shared_preload_libraries: 'pg_stat_statements' };
    const postgres = await startPostgres({ signal, registry, ...placesOf('postgres'), settings });
    defer('postgres', () => postgres.stop());
    return postgres;
  };
  const startedRabbitMq = async () => {
    const rabbitmq = await startRabbitMq({ signal, registry, ...placesOf('rabbitmq') });
    // Its data is thrown away, and a gentle end takes six seconds.
    defer('rabbitmq', () => rabbitmq.kill().then(() => rabbitmq.stop()));
    return rabbitmq;
  };
  const [postgres, rabbitmq] = await Promise.all([startedPostgres(), startedRabbitMq()]);
  return {
    postgres,
    rabbitmq,
    databaseUrl: (name) => Object.assign(new URL(postgres.url), { pathname: `/${name}` }).href,
    stop: async () => {
      await Promise.all([postgres.stop(), rabbitmq.stop()]);
    },
  };
}

const [ORDER_SERVICE] = SERVICES;

/** Starts the four services as processes of their own, as `npm start` does, and waits until they are ready. */
export async function startServices(
  servers: Servers,
  { directory, session, orchestrators = 1 }: { directory: string; session: Session; orchestrators?: number },
): Promise<Services> {
  const { registry, signal, defer } = session;
  const further = Array.from({ length: orchestrators - 1 }, () => ORDER_SERVICE!);
  const services = await Promise.all(
    [...SERVICES, ...further].map(async ({ name, entry, database }, index) => {
      const port = await freePort();
      signal.throwIfAborted();
      const env = {
        HOST: '127.0.0.1',
        PORT: String(port),
        DATABASE_URL: servers.databaseUrl(database),
        AMQP_URL: servers.rabbitmq.amqpUrl,
        LOG_LEVEL: 'info',
      };
      const logFile = path.join(directory, `${name}-${index}.log`);
      const service = await startService({ name, entry, registry, logFile, env });
      defer('services', () => service.stop());
      const label = index < SERVICES.length ? name : `${name} ${index}`;
      return { name, label, url: `http://127.0.0.1:${port}`, service };
    }),
  );
  await Promise.all(services.map(({ label, url, service }) => untilReady(label, url, { service, signal })));
  return {
    orderUrls: services.filter(({ name }) => name === ORDER_SERVICE!.name).map(({ url }) => url),
    pids: Object.fromEntries(services.map(({ label, service }) => [label, service.pid])),
    stop: async () => {
      await Promise.all(services.map(({ service }) => service.stop()));
    },
  };
}

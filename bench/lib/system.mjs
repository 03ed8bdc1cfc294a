import fs from 'node:fs';
import path from 'node:path';
import { freePort } from '../../scripts/lib/ports.mjs';
import { startPostgres } from '../../scripts/lib/postgres.mjs';
import { startRabbitMq } from '../../scripts/lib/rabbitmq.mjs';
import { untilReady } from '../../scripts/lib/readiness.mjs';
import { SERVICES, startService } from '../../scripts/lib/services.mjs';

/**
 * Starts PostgreSQL and RabbitMQ of the benchmark's own, with the settings that `npm start` gives them: fsync and synchronous_commit on.
 * @param {string} directory made anew
 * @param {import('./session.mjs').Session} session
 */
export async function startServers(directory, { signal, registry, defer }) {
  fs.rmSync(directory, { recursive: true, force: true });
  fs.mkdirSync(directory, { recursive: true });
  const inside = (name) => path.join(directory, name);
  const startedPostgres = async () => {
    const postgres = await startPostgres({
      signal,
      registry,
      dataDir: inside('postgres'),
      logFile: inside('postgres.log'),
      settings: { shared_preload_libraries: 'pg_stat_statements' },
    });
    defer('postgres', () => postgres.stop());
    return postgres;
  };
  const startedRabbitMq = async () => {
    const rabbitmq = await startRabbitMq({
      signal,
      registry,
      dataDir: inside('rabbitmq'),
      logFile: inside('rabbitmq.log'),
    });
    // Its data is thrown away, and a gentle end takes six seconds.
    defer('rabbitmq', () => rabbitmq.kill().then(() => rabbitmq.stop()));
    return rabbitmq;
  };
  const [postgres, rabbitmq] = await Promise.all([startedPostgres(), startedRabbitMq()]);
  return {
    postgres,
    rabbitmq,
    databaseUrl: (name) => Object.assign(new URL(postgres.url), { pathname: `/${name}` }).href,
    stop: () => Promise.all([postgres.stop(), rabbitmq.stop()]),
  };
}

/**
 * Starts the four services as processes of their own, as `npm start` does, and waits until they are ready.
 * @param {Awaited<ReturnType<typeof startServers>>} servers
 * @param {{directory: string, session: import('./session.mjs').Session, env?: Record<string, string>, orchestrators?: number}} options
 */
export async function startServices(servers, { directory, session, env = {}, orchestrators = 1 }) {
  const names = [...SERVICES, ...Array.from({ length: orchestrators - 1 }, () => SERVICES[0])];
  const services = await Promise.all(
    names.map(async ({ name, entry, database }, index) => {
      const port = await freePort();
      session.signal.throwIfAborted();
      const service = await startService({
        name,
        entry,
        registry: session.registry,
        logFile: path.join(directory, `${name}-${index}.log`),
        env: {
          HOST: '127.0.0.1',
          PORT: String(port),
          DATABASE_URL: servers.databaseUrl(database),
          AMQP_URL: servers.rabbitmq.amqpUrl,
          LOG_LEVEL: 'info',
          ...env,
        },
      });
      session.defer('services', () => service.stop());
      return { name: index < SERVICES.length ? name : `${name} ${index}`, url: `http://127.0.0.1:${port}`, service };
    }),
  );
  const { signal } = session;
  await Promise.all(services.map(({ name, url, service }) => untilReady(name, url, { service, signal })));
  return {
    urls: Object.fromEntries(services.map(({ name, url }) => [name, url])),
    pids: Object.fromEntries(services.map(({ name, service }) => [name, service.pid])),
    stop: () => Promise.all(services.map(({ service }) => service.stop())),
  };
}

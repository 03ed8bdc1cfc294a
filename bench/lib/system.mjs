import fs from 'node:fs';
import path from 'node:path';
import { freePort } from '../../scripts/lib/ports.mjs';
import { startPostgres } from '../../scripts/lib/postgres.mjs';
import { startRabbitMq } from '../../scripts/lib/rabbitmq.mjs';
import { SERVICES, startService } from '../../scripts/lib/services.mjs';
import { sleep } from '../../scripts/lib/wait.mjs';

/**
 * Starts PostgreSQL and RabbitMQ of the benchmark's own, with the settings that `npm start` gives them: fsync and synchronous_commit on.
 * @param {string} directory made anew
 */
export async function startServers(directory) {
  fs.rmSync(directory, { recursive: true, force: true });
  fs.mkdirSync(directory, { recursive: true });
  const inside = (name) => path.join(directory, name);
  const [postgres, rabbitmq] = await Promise.all([
    startPostgres({
      dataDir: inside('postgres'),
      logFile: inside('postgres.log'),
      settings: { shared_preload_libraries: 'pg_stat_statements' },
    }),
    startRabbitMq({ dataDir: inside('rabbitmq'), logFile: inside('rabbitmq.log') }),
  ]);
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
 * @param {{directory: string, env?: Record<string, string>, orchestrators?: number}} options
 */
export async function startServices(servers, { directory, env = {}, orchestrators = 1 }) {
  const names = [...SERVICES, ...Array.from({ length: orchestrators - 1 }, () => SERVICES[0])];
  const services = await Promise.all(
    names.map(async ({ name, entry, database }, index) => {
      const port = await freePort();
      const service = await startService({
        name,
        entry,
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
      return { name: index < SERVICES.length ? name : `${name} ${index}`, url: `http://127.0.0.1:${port}`, service };
    }),
  );
  await Promise.all(services.map(({ name, url }) => untilReady(name, url)));
  return {
    urls: Object.fromEntries(services.map(({ name, url }) => [name, url])),
    pids: Object.fromEntries(services.map(({ name, service }) => [name, service.pid])),
    stop: () => Promise.all(services.map(({ service }) => service.stop())),
  };
}

async function untilReady(name, url) {
  for (let attempt = 0; attempt < 600; attempt++) {
    const response = await fetch(`${url}/health/ready`).catch(() => null);
    if (response?.ok) return;
    await sleep(100);
  }
  throw new Error(`${name} did not become ready within a minute`);
}

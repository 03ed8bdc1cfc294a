import fs from 'node:fs';
import path from 'node:path';
import { readJson, writeJsonAtomically } from './atomic-file.mjs';
import { managementOverview } from './broker-probe.mjs';
import { ensureDatabases } from './databases.mjs';
import { dockerAnswers, findCompose } from './docker.mjs';
import { waitForBroker, waitForPostgres } from './external-servers.mjs';
import { freePort, returnPort } from './ports.mjs';
import { startPostgres } from './postgres.mjs';
import { ensureRabbitMq } from './rabbitmq-install.mjs';
import { startRabbitMq } from './rabbitmq.mjs';
import { SERVICES } from './services.mjs';
import { deleteTopology } from './topology-cleanup.mjs';
import { splitUrls, vhostOf, withDatabase } from './urls.mjs';

// User and password are those of docker-compose.yml.
const COMPOSE = {
  rabbitmq: { inside: 5672, setting: 'RABBITMQ_PORT', url: (host, port) => `amqp://guest:guest@${host}:${port}` },
  management: {
    inside: 15_672,
    setting: 'RABBITMQ_MANAGEMENT_PORT',
    url: (host, port) => `http://guest:guest@${host}:${port}`,
  },
  postgres: {
    inside: 5432,
    setting: 'POSTGRES_PORT',
    url: (host, port) => `postgres://postgres:postgres@${host}:${port}/postgres`,
  },
};

/**
 * Brings up what the services need, each part from the first source that there is: a server named by AMQP_URL or DATABASE_URL, Docker, or
 * servers of our own.
 *
 * @param {{embedded: boolean, fresh: boolean, paths: typeof import('./paths.mjs').startPaths, setupLog: string,
 *   log: ReturnType<typeof import('./log.mjs').createLog>, lifetime: ReturnType<typeof import('./lifetime.mjs').createLifetime>,
 *   registry: ReturnType<typeof import('./process-registry.mjs').createProcessRegistry>, packages: Promise<unknown>,
 *   keepRunning: (phase: 'rabbitmq' | 'postgres', name: string, server: object) => void}} context
 *   `packages` resolves when the npm packages are installed: RabbitMQ does not wait for them, PostgreSQL must; `keepRunning` gets the
 *   servers of our own as soon as they run, to supervise and in the end to stop them
 * @returns {Promise<{rabbitmq: Provided, postgres: Provided, databases: Record<string, string>}>} `databases` by name
 *
 * @typedef {{how: string, url: string, managementUrl?: string, server?: {pid: number}}} Provided
 */
export async function provisionStack(context) {
  const { lifetime } = context;
  const docker = await fromDocker(context);
  const [rabbitmq, postgres] = await lifetime.together(
    () => provideRabbitMq(context, docker),
    () => providePostgres(context, docker),
  );
  const databases = SERVICES.map(({ database }) => [database, withDatabase(postgres.url, database)]);
  return { rabbitmq, postgres, databases: Object.fromEntries(databases) };
}

async function provideRabbitMq(context, docker) {
  const { fresh, paths, setupLog, log, lifetime, registry, keepRunning } = context;
  const { signal } = lifetime;
  if (!process.env.AMQP_URL && docker === undefined) {
    if (fresh) fs.rmSync(paths.rabbitmqData, { recursive: true, force: true });
    const program = await ensureRabbitMq({ logFile: setupLog, signal, log });
    const choosePorts = async () => ({
      amqp: await usualPort('RabbitMQ', 'rabbitmq', log),
      management: await usualPort('RabbitMQ management', 'management', log),
    });
    let server;
    await log.task('RabbitMQ', 'starting', async () => {
      const logFile = path.join(paths.logs, 'rabbitmq.log');
      server = await startRabbitMq({ dataDir: paths.rabbitmqData, logFile, choosePorts, program, signal, registry });
      keepRunning('rabbitmq', 'RabbitMQ', server);
      return `running on port ${new URL(server.amqpUrl).port}`;
    });
    const version = (await managementOverview(server.managementUrl))?.rabbitmq_version ?? program.version;
    return { how: `embedded, ${version}`, url: server.amqpUrl, managementUrl: server.managementUrl, server };
  }

  const broker = process.env.AMQP_URL
    ? { how: 'AMQP_URL', ...(await waitForBroker(log, signal)) }
    : { how: 'Docker', url: docker.rabbitmq, managementUrl: docker.management };
  if (fresh) await emptyBroker(broker, log);
  return broker;
}

async function emptyBroker({ url, managementUrl }, log) {
  if (managementUrl === undefined) {
    log.line(
      'RabbitMQ: its management API does not answer (set RABBITMQ_MANAGEMENT_URL?), so its queues were NOT emptied',
    );
    return;
  }
  const deleted = await deleteTopology(managementUrl, vhostOf(splitUrls(url)[0]));
  log.line(`RabbitMQ: deleted ${deleted} queues and exchanges of the system`);
}

async function providePostgres(context, docker) {
  const { fresh, paths, log, lifetime, registry, packages, keepRunning } = context;
  const { signal } = lifetime;
  await packages;
  const names = SERVICES.map(({ database }) => database);
  if (!process.env.DATABASE_URL && docker === undefined) {
    if (fresh) fs.rmSync(paths.postgresData, { recursive: true, force: true });
    const choosePort = () => usualPort('PostgreSQL', 'postgres', log);
    let server;
    await log.task('PostgreSQL', 'starting', async () => {
      const logFile = path.join(paths.logs, 'postgres.log');
      const onNote = (text) => log.line(`PostgreSQL: ${text}`);
      server = await startPostgres({ dataDir: paths.postgresData, logFile, choosePort, signal, registry, onNote });
      keepRunning('postgres', 'PostgreSQL', server);
      await ensureDatabases(server.url, names);
      return `running on port ${server.port}`;
    });
    return { how: 'embedded', url: server.url, server };
  }

  const url = process.env.DATABASE_URL ? await waitForPostgres(log, signal) : docker.postgres;
  await ensureDatabases(url, names, { fresh });
  if (fresh) log.line(`PostgreSQL: made the databases ${names.join(', ')} anew`);
  return { how: process.env.DATABASE_URL ? 'DATABASE_URL' : 'Docker', url };
}

/** The usual port, or the one set for it, or a free one after it: which is said. */
async function usualPort(name, service, log) {
  const { inside, setting } = COMPOSE[service];
  const preferred = Number(process.env[setting]) || inside;
  const port = await freePort(preferred);
  if (port !== preferred) log.line(`${name}: port ${preferred} is taken, so it gets ${port}`);
  return port;
}

/**
 * Starts what is missing with Docker Compose, if Docker is there.
 * @returns {Promise<Record<'rabbitmq' | 'management' | 'postgres', string> | undefined>} URLs; undefined when it is not, or cannot
 */
async function fromDocker({ embedded, paths, setupLog, log, lifetime }) {
  const { signal } = lifetime;
  const wanted = ['rabbitmq', 'postgres'].filter(
    (name) => !process.env[name === 'rabbitmq' ? 'AMQP_URL' : 'DATABASE_URL'],
  );
  if (embedded || wanted.length === 0 || !(await dockerAnswers({ signal }))) return undefined;
  const compose = await findCompose({ logFile: setupLog, signal });
  if (compose === undefined) {
    log.line('Docker answers, but Docker Compose or docker-compose.yml is missing; using servers of our own');
    return undefined;
  }

  const running = [];
  const ports = {};
  for (const [name, { inside }] of Object.entries(COMPOSE)) {
    const service = name === 'management' ? 'rabbitmq' : name;
    const current = await compose.port(service, inside);
    if (current !== undefined) running.push(service);
    ports[name] = current;
    if (wanted.includes(service)) ports[name] ??= await usualPort(`Docker: ${name}`, name, log);
  }
  // What an earlier run started, and was killed before it could stop, is ours as well.
  const record = path.join(paths.run, 'compose.json');
  const left = readJson(record) ?? [];
  const started = wanted.filter((service) => !running.includes(service) || left.includes(service));
  const stop = async () => {
    if (started.length > 0) await compose.stop(started);
    fs.rmSync(record, { force: true });
  };

  writeJsonAtomically(record, started);
  const settings = Object.entries(ports).filter(([, port]) => port !== undefined);
  const env = Object.fromEntries(settings.map(([name, port]) => [COMPOSE[name].setting, String(port)]));
  try {
    await log.task('Docker', `starting ${wanted.join(' and ')}`, async () => {
      await compose.up(wanted, env);
      return `${wanted.join(' and ')} are up`;
    });
  } catch (error) {
    await stop().catch(() => {});
    for (const port of Object.values(ports)) returnPort(port);
    signal.throwIfAborted();
    log.line(`Docker answers, but ${error.message}; using servers of our own`);
    return undefined;
  }
  lifetime.defer('rabbitmq', () => stop().then(() => log.line('Docker: stopped what was started')));
  return Object.fromEntries(Object.entries(COMPOSE).map(([name, { url }]) => [name, url(compose.host, ports[name])]));
}

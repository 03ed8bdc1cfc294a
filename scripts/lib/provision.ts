import fs from 'node:fs';
import path from 'node:path';
import pRetry from 'p-retry';
import { clearLockedPorts } from 'get-port';
import { amqpAnswers, deleteTopology, managementOverview } from './broker.js';
import { ensureDatabases, usableUrl } from './databases.js';
import { composeDown, composeUp, dockerAnswers, dockerHost, type ComposeProject } from './docker.js';
import type { Lifetime } from './lifetime.js';
import { messageOf, type Log } from './log.js';
import { freePort } from './ports.js';
import { startPostgres, type RunningPostgres } from './postgres.js';
import type { ProcessRegistry } from './process-registry.js';
import { ensureRabbitMq } from './rabbitmq-install.js';
import { startRabbitMq, type RunningRabbitMq } from './rabbitmq.js';
import { splitUrls, usualManagementUrl, withDatabase, withoutPassword } from './urls.js';

/** Where the servers come from, and where they are. `server` is there when it was started as a process here. */
export interface Broker {
  readonly how: string;
  readonly url: string;
  readonly managementUrl?: string | undefined;
  readonly server?: RunningRabbitMq;
}
export interface DatabaseServer {
  readonly how: string;
  readonly url: string;
  readonly server?: RunningPostgres;
}

export interface ProvisionContext {
  /** Whether Docker is passed over. */
  readonly embedded: boolean;
  /** Begins with empty queues, and makes these databases anew. */
  readonly fresh?: boolean;
  readonly databases?: readonly string[];
  /** Where data, logs, and the record of containers go. */
  readonly folders: { readonly data: string; readonly logs: string; readonly run: string };
  readonly compose: ComposeProject;
  /** Whether the usual ports are wanted, where they are free. */
  readonly usualPorts: boolean;
  readonly log: Log;
  readonly lifetime: Lifetime;
  readonly registry: ProcessRegistry;
  /** Gets each server that was started as a process as soon as it runs, and stops it in the end. */
  readonly onServer: (server: { rabbitmq: RunningRabbitMq } | { postgres: RunningPostgres }) => void;
}

// Users, passwords and names of ports are those of docker-compose.yml.
const PORTS = {
  rabbitmq: { name: 'RabbitMQ', usual: 5672, setting: 'RABBITMQ_PORT' },
  management: { name: 'RabbitMQ management', usual: 15_672, setting: 'RABBITMQ_MANAGEMENT_PORT' },
  postgres: { name: 'PostgreSQL', usual: 5432, setting: 'POSTGRES_PORT' },
};
// Servers that are started together with us may need a while.
const PATIENCE = { retries: 40, maxRetryTime: 20_000, minTimeout: 500, factor: 1 };

/**
 * Brings up a RabbitMQ and a PostgreSQL, each from the first source that there is: a server that AMQP_URL or
 * DATABASE_URL names, Docker, or a process of our own.
 */
export async function provision(context: ProvisionContext): Promise<{ broker: Broker; database: DatabaseServer }> {
  const docker = await fromDocker(context);
  const [broker, database] = await context.lifetime.together([
    async () => (process.env.AMQP_URL ? await externalBroker(context) : docker?.broker) ?? ownRabbitMq(context),
    async () => (process.env.DATABASE_URL ? await externalPostgres(context) : docker?.database) ?? ownPostgres(context),
  ]);
  if (context.fresh && broker.server === undefined) await emptyBroker(broker, context.log);
  const { databases = [] } = context;
  await ensureDatabases(database.url, databases, { fresh: context.fresh === true && database.server === undefined });
  return { broker, database };
}

async function externalBroker({ log, lifetime: { signal } }: ProvisionContext): Promise<Broker> {
  const urls = splitUrls(process.env.AMQP_URL!);
  if (urls.length === 0 || !urls.every((url) => URL.canParse(url) && /^amqps?:$/.test(new URL(url).protocol)))
    throw new Error('AMQP_URL is not an amqp:// or amqps:// URL, or several with commas');
  const url = urls.join(',');
  const answering = async (): Promise<string> => {
    for (const candidate of urls) if (await amqpAnswers(candidate)) return candidate;
    throw new Error(`AMQP_URL: no broker answers at ${withoutPassword(url)}`);
  };
  const reached = pRetry(answering, { ...PATIENCE, signal });
  await log.task('RabbitMQ', 'waiting for AMQP_URL', () => reached.then(() => `using ${withoutPassword(url)}`));
  const managementUrl = process.env.RABBITMQ_MANAGEMENT_URL ?? usualManagementUrl(await reached);
  const hasManagement = (await managementOverview(managementUrl)) !== undefined;
  return { how: 'AMQP_URL', url, ...(hasManagement && { managementUrl }) };
}

async function externalPostgres({ log, lifetime: { signal } }: ProvisionContext): Promise<DatabaseServer> {
  const wanted = process.env.DATABASE_URL!;
  withDatabase(wanted, 'postgres'); // says so when it is no URL of PostgreSQL
  const reached = pRetry(() => usableUrl(wanted), {
    ...PATIENCE,
    signal,
    // Nobody listens yet, or the database system is starting up.
    shouldRetry: ({ error }) => ['ECONNREFUSED', '57P03'].includes((error as NodeJS.ErrnoException).code ?? ''),
  }).catch((error: NodeJS.ErrnoException) => {
    signal.throwIfAborted();
    throw new Error(`DATABASE_URL: no connection to PostgreSQL (${error.message || error.code})`, { cause: error });
  });
  await log.task('PostgreSQL', 'waiting for DATABASE_URL', () =>
    reached.then((url) => `using ${withoutPassword(url)}`),
  );
  return { how: 'DATABASE_URL', url: await reached };
}

async function ownRabbitMq(context: ProvisionContext): Promise<Broker> {
  const { folders, fresh, log, lifetime, registry, onServer } = context;
  const dataDir = path.join(folders.data, 'rabbitmq');
  if (fresh) fs.rmSync(dataDir, { recursive: true, force: true });
  const program = await ensureRabbitMq({ logFile: path.join(folders.logs, 'setup.log'), signal: lifetime.signal, log });
  const choosePorts = async () => ({
    amqp: await choosePort('rabbitmq', context),
    management: await choosePort('management', context),
  });
  const logFile = path.join(folders.logs, 'rabbitmq.log');
  const started = startRabbitMq({ dataDir, logFile, choosePorts, program, signal: lifetime.signal, registry });
  await log.task('RabbitMQ', 'starting', async () => {
    const server = await started;
    onServer({ rabbitmq: server });
    return `running on port ${new URL(server.amqpUrl).port}`;
  });
  const server = await started;
  const version = (await managementOverview(server.managementUrl))?.rabbitmq_version ?? program.version;
  return { how: `embedded, ${version}`, url: server.amqpUrl, managementUrl: server.managementUrl, server };
}

async function ownPostgres(context: ProvisionContext): Promise<DatabaseServer> {
  const { folders, fresh, log, lifetime, registry, onServer } = context;
  const dataDir = path.join(folders.data, 'postgres');
  if (fresh) fs.rmSync(dataDir, { recursive: true, force: true });
  const logFile = path.join(folders.logs, 'postgres.log');
  const started = startPostgres({
    dataDir,
    logFile,
    choosePort: () => choosePort('postgres', context),
    signal: lifetime.signal,
    registry,
  });
  await log.task('PostgreSQL', 'starting', async () => {
    const server = await started;
    onServer({ postgres: server });
    return `running on port ${server.port}`;
  });
  const server = await started;
  return { how: 'embedded', url: server.url, server };
}

/** The port that is set, or the usual one, or a free one after it: which is said. */
async function choosePort(which: keyof typeof PORTS, { usualPorts, log }: ProvisionContext): Promise<number> {
  const { name, usual, setting } = PORTS[which];
  if (!usualPorts) return freePort();
  const preferred = Number(process.env[setting]) || usual;
  const port = await freePort(preferred);
  if (port !== preferred) log.line(`${name}: port ${preferred} is taken, so it gets ${port}`);
  return port;
}

/** Starts with Docker Compose what no URL names. @returns undefined when Docker is not there, or cannot */
async function fromDocker(
  context: ProvisionContext,
): Promise<{ broker: Broker; database: DatabaseServer } | undefined> {
  const { embedded, folders, log, lifetime } = context;
  const wanted = [...(process.env.AMQP_URL ? [] : ['rabbitmq']), ...(process.env.DATABASE_URL ? [] : ['postgres'])];
  if (embedded || wanted.length === 0 || !(await dockerAnswers(lifetime.signal))) return undefined;
  const record = path.join(folders.run, 'compose.json');
  // Only of what is started: another one's port is taken, and not by us.
  const portOf = async (which: keyof typeof PORTS, service: string): Promise<number> =>
    wanted.includes(service) ? choosePort(which, context) : PORTS[which].usual;
  const ports = {
    rabbitmq: await portOf('rabbitmq', 'rabbitmq'),
    management: await portOf('management', 'rabbitmq'),
    postgres: await portOf('postgres', 'postgres'),
  };
  const settings = Object.entries(PORTS).map(([which, { setting }]) => [
    setting,
    `${ports[which as keyof typeof PORTS]}`,
  ]);
  const env = { ...process.env, ...(Object.fromEntries(settings) as Record<string, string>) };
  lifetime.defer('rabbitmq', () => composeDown(record));
  const names = wanted.join(' and ');
  try {
    await log.task('Docker', `starting ${names}`, async () => {
      const logFile = path.join(folders.logs, 'setup.log');
      await composeUp(record, context.compose, wanted, { env, logFile, signal: lifetime.signal });
      return `${names} run`;
    });
  } catch (error) {
    lifetime.signal.throwIfAborted();
    log.line(`Docker answers, but ${messageOf(error)}; using servers of our own`);
    await composeDown(record).catch(() => undefined);
    clearLockedPorts();
    return undefined;
  }
  const [how, host] = ['Docker', dockerHost()];
  const managementUrl = `http://guest:guest@${host}:${ports.management}`;
  return {
    broker: { how, url: `amqp://guest:guest@${host}:${ports.rabbitmq}`, managementUrl },
    database: { how, url: `postgres://postgres:postgres@${host}:${ports.postgres}/postgres` },
  };
}

async function emptyBroker({ url, managementUrl }: Broker, log: Log): Promise<void> {
  const why = 'its management API does not answer (set RABBITMQ_MANAGEMENT_URL?), so its queues were NOT emptied';
  if (managementUrl === undefined) return log.line(`RabbitMQ: ${why}`);
  log.line(`RabbitMQ: deleted ${await deleteTopology(url, managementUrl)} queues and exchanges of the system`);
}

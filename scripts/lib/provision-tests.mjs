import path from 'node:path';
import { managementAnswers } from './broker-probe.mjs';
import { doWithoutRyukIfNeeded, startPostgresContainer, startRabbitMqContainer } from './containers.mjs';
import { dropDatabases } from './databases.mjs';
import { dockerAnswers } from './docker.mjs';
import { waitForBroker, waitForPostgres } from './external-servers.mjs';
import { startPostgres } from './postgres.mjs';
import { ensureRabbitMq } from './rabbitmq-install.mjs';
import { startRabbitMq } from './rabbitmq.mjs';
import { createVhost } from './vhosts.mjs';
import { waitFor } from './wait.mjs';

/**
 * Brings up servers for one test run, which shares nothing with a running `npm start` or another test run: instances of its own, or, on
 * the servers that AMQP_URL and DATABASE_URL name, a virtual host and a prefix for databases.
 *
 * @param {{embedded: boolean, folder: string, id: string, setupLog: string, log: ReturnType<typeof import('./log.mjs').createLog>,
 *   lifetime: ReturnType<typeof import('./lifetime.mjs').createLifetime>,
 *   registry: ReturnType<typeof import('./process-registry.mjs').createProcessRegistry>, packages: Promise<unknown>}} context `folder` is
 *   the run's own, `id` tells the run from others, `packages` resolves when the npm packages are installed
 * @returns {Promise<{databaseUrl: string, databasePrefix: string, amqpUrl: string, managementUrl: string | undefined}>}
 */
export async function provisionTests(context) {
  const { embedded, lifetime, log, packages } = context;
  const missing = !process.env.AMQP_URL || !process.env.DATABASE_URL;
  let docker = !embedded && missing && (await dockerAnswers({ signal: lifetime.signal }));
  if (docker) {
    await packages;
    docker = await fromDocker(context).catch((error) => {
      lifetime.signal.throwIfAborted();
      log.line(`Docker answers, but ${error.message.split('\n')[0]}; using servers of our own`);
      return undefined;
    });
  }
  const [broker, database] = await lifetime.together(
    () => (process.env.AMQP_URL ? vhostAtBroker(context) : (docker?.broker ?? ownRabbitMq(context))),
    () => (process.env.DATABASE_URL ? prefixAtServer(context) : (docker?.database ?? ownPostgres(context))),
  );
  return {
    databaseUrl: database.url,
    databasePrefix: `test_${context.id}_`,
    amqpUrl: broker.url,
    managementUrl: broker.managementUrl,
  };
}

async function fromDocker({ log, lifetime, setupLog }) {
  await doWithoutRyukIfNeeded({ logFile: setupLog, signal: lifetime.signal });
  const start = async (phase, name, startContainer) => {
    let container;
    await log.task(name, 'starting a container', async () => {
      container = await startContainer();
      lifetime.defer(phase, () => container.stop());
      return `running (${container.url})`;
    });
    return container;
  };
  const [broker, database] = await Promise.allSettled([
    process.env.AMQP_URL ? undefined : start('rabbitmq', 'RabbitMQ', startRabbitMqContainer),
    process.env.DATABASE_URL ? undefined : start('postgres', 'PostgreSQL', startPostgresContainer),
  ]);
  for (const { reason } of [broker, database]) if (reason !== undefined) throw reason;
  const { managementUrl } = broker.value ?? {};
  // The plugin is up a little later than the broker.
  if (managementUrl !== undefined) await waitFor(() => managementAnswers(managementUrl), { timeoutMs: 30_000 });
  return { broker: broker.value, database: database.value };
}

async function ownRabbitMq({ folder, setupLog, log, lifetime, registry }) {
  const { signal } = lifetime;
  const program = await ensureRabbitMq({ logFile: setupLog, signal, log });
  let server;
  await log.task('RabbitMQ', 'starting', async () => {
    const files = { dataDir: path.join(folder, 'rabbitmq'), logFile: path.join(folder, 'logs/rabbitmq.log') };
    server = await startRabbitMq({ ...files, program, signal, registry });
    // Its data is thrown away, so there is no need to end it gently, which takes six seconds.
    lifetime.defer('rabbitmq', () => server.kill().then(() => server.stop()));
    return `running (${server.amqpUrl})`;
  });
  return { url: server.amqpUrl, managementUrl: server.managementUrl };
}

async function ownPostgres({ folder, log, lifetime, registry, packages }) {
  await packages;
  let server;
  await log.task('PostgreSQL', 'starting', async () => {
    const files = { dataDir: path.join(folder, 'postgres'), logFile: path.join(folder, 'logs/postgres.log') };
    const onNote = (text) => log.line(`PostgreSQL: ${text}`);
    server = await startPostgres({ ...files, signal: lifetime.signal, registry, onNote });
    lifetime.defer('postgres', () => server.stop());
    return `running (${server.url})`;
  });
  return { url: server.url };
}

async function vhostAtBroker({ id, log, lifetime, packages }) {
  const broker = await waitForBroker(log, lifetime.signal);
  await packages;
  const name = `test-${id}`;
  const vhost = await createVhost(broker, name);
  if (vhost === undefined) {
    log.line('RabbitMQ: no virtual host of its own could be made for the tests; they use the one of AMQP_URL');
    return broker;
  }
  lifetime.defer('rabbitmq', vhost.remove);
  log.line(`RabbitMQ: using virtual host ${name} of AMQP_URL`);
  return { ...broker, url: vhost.url };
}

async function prefixAtServer({ id, log, lifetime, packages }) {
  await packages;
  const url = await waitForPostgres(log, lifetime.signal);
  lifetime.defer('postgres', () => dropDatabases(url, `test_${id}_`));
  log.line(`PostgreSQL: using databases test_${id}_* of DATABASE_URL`);
  return { url };
}

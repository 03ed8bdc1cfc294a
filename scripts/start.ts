/** `npm start`. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { build } from './lib/build.js';
import { killCommands } from './lib/command.js';
import { composeDown } from './lib/docker.js';
import { dropForeignSettings } from './lib/environment.js';
import { Lifetime, StopRequested, type Phase } from './lib/lifetime.js';
import { tryLock } from './lib/lock.js';
import { createLog, duration, messageOf } from './lib/log.js';
import { endOf, limitLogFiles, tail } from './lib/log-file.js';
import type { RestartableProcess } from './lib/managed-process.js';
import { root, shown, startPaths } from './lib/paths.js';
import { findLeftovers, ProcessRegistry } from './lib/process-registry.js';
import { provision, type Broker, type DatabaseServer } from './lib/provision.js';
import { launchServices, SERVICES, untilReady, type LaunchedService } from './lib/services.js';
import { operatorTokenOf, readStackFile, writeStackFile } from './lib/stack-file.js';
import { supervise, type SuperviseOptions } from './lib/supervise.js';
import { queueUrlOf, withDatabase, withoutPassword } from './lib/urls.js';

const HELP = `npm start -- [options]

Installs and builds what is needed, brings up PostgreSQL and RabbitMQ, starts the four services, places one order, and
keeps everything running until Ctrl-C.

  --fresh      begin with empty databases and queues
  --embedded   do not use Docker, even if it answers
  --help       this text

What AMQP_URL and DATABASE_URL do not name comes from Docker if that answers, and else from servers of its own below
.local/. docs/run.md says what else the environment can set.`;

interface Servers {
  readonly broker: Broker;
  readonly database: DatabaseServer;
  /** URLs, by name. */
  readonly databases: Readonly<Record<string, string>>;
  readonly operatorToken: string;
}

const DEMO_ORDER = {
  consumerId: 70,
  restaurantId: 1,
  cardId: 1,
  price: 2000,
  items: [{ name: 'Dish 1', quantity: 2 }],
};
const PROCESSES = path.join(startPaths.run, 'processes.json');

const options = optionsOrExit();
dropForeignSettings();
const unlock = await tryLock(path.join(startPaths.run, 'start.lock')).catch((error: unknown) =>
  exit(`nothing can be written below ${shown(startPaths.run)}/: ${messageOf(error)}`),
);
if (unlock === undefined) exit(alreadyRunning());

const log = createLog();
const leftovers = findLeftovers(PROCESSES);
const registry = new ProcessRegistry(PROCESSES);
const release = (): void => {
  registry.close();
  fs.rmSync(startPaths.stackFile, { force: true });
};
const lifetime = new Lifetime({
  onStop: () => log.line('stopping (Ctrl-C again to force it) …'),
  force: () => {
    log.line('forced: everything is killed');
    registry.killAll();
    killCommands();
    release();
    process.exit(130);
  },
});
lifetime.defer('last', release);
lifetime.defer('last', unlock);
const { signal } = lifetime;
/** What runs so far. */
const running: { servers?: Servers; services: LaunchedService[] } = { services: [] };

let exitCode = 0;
try {
  await start();
  await lifetime.ended();
  throw signal.reason;
} catch (error) {
  if (!(error instanceof StopRequested)) {
    exitCode = 1;
    log.block(`\n${messageOf(error)}\n`);
    lifetime.fail(error);
  }
}
await lifetime.close((error) => {
  exitCode = 1;
  log.line(`while stopping: ${error.message}`);
});
log.line('stopped');
process.exit(exitCode);

async function start(): Promise<void> {
  await cleanUpAfterCrash();
  const servers = await startServers();
  running.servers = servers;
  describeStack();
  const services = await startServices(servers);
  lifetime.defer('last', limitLogFiles(startPaths.logs));
  log.line('placing an order: POST /orders, Prefer: wait=10');
  log.line(await placeDemoOrder(`${services[0]!.url}/orders`));
  signal.throwIfAborted();
  log.block(summary(services, servers));
}

/** Brings up the servers, and builds beside it. */
async function startServers(): Promise<Servers> {
  const setupLog = path.join(startPaths.logs, 'setup.log');
  fs.rmSync(setupLog, { force: true });
  const onWait = (): void => log.line('waiting for another npm start or npm test, which builds');
  const [{ broker, database }] = await lifetime.together([
    () =>
      provision({
        ...options,
        log,
        lifetime,
        registry,
        databases: SERVICES.map(({ database: name }) => name),
        folders: startPaths,
        compose: { name: composeProject(), discard: false },
        usualPorts: true,
        onServer: (server) => {
          if ('rabbitmq' in server) keepRunning('rabbitmq', server.rabbitmq, { name: 'RabbitMQ' });
          else keepRunning('postgres', server.postgres, { name: 'PostgreSQL' });
        },
      }),
    () => log.task('build', 'compiling', () => build({ logFile: setupLog, signal, onWait })),
  ]);
  const databases = Object.fromEntries(SERVICES.map(({ database: name }) => [name, withDatabase(database.url, name)]));
  return { broker, database, databases, operatorToken: operatorTokenOf(startPaths.operatorToken) };
}

async function startServices({ broker, databases, operatorToken }: Servers): Promise<LaunchedService[]> {
  const queueUrl = given('QUEUE_URL') ?? (broker.managementUrl && queueUrlOf(broker.url, broker.managementUrl));
  const settings = (service: (typeof SERVICES)[number]) => ({
    DATABASE_URL: databases[service.database]!,
    AMQP_URL: broker.url,
    LOG_LEVEL: given('LOG_LEVEL') ?? 'info',
    OPERATOR_TOKEN: operatorToken,
    // The console of order-service links there.
    ...(queueUrl && { QUEUE_URL: queueUrl }),
  });
  const services = await launchServices({ log, lifetime, registry, logs: startPaths.logs, settings });
  running.services = services;
  describeStack();
  let isStarting = true;
  for (const { name, service, logFile } of services) {
    const onRefusal = (): void => {
      const text = `${name} does not start. The end of its log, ${shown(logFile)}:\n${tail(endOf(logFile), 12)}`;
      if (isStarting) lifetime.fail(new Error(text));
      else log.block(text);
    };
    keepRunning('services', service, { name, onRefusal });
  }
  await lifetime.together(
    services.map(({ name, url, service }) => () => {
      const ready = () => untilReady(name, url, { service, signal }).then(() => `ready at ${url}`);
      return log.task(name, 'starting', ready);
    }),
  );
  isStarting = false;
  return services;
}

/** Writes the stack file, once the servers are known, and again whenever a pid changes. */
function describeStack(): void {
  if (running.servers === undefined) return;
  const { broker, database, databases, operatorToken } = running.servers;
  writeStackFile({
    pid: process.pid,
    operatorToken,
    amqpUrl: broker.url,
    managementUrl: broker.managementUrl ?? null,
    databases,
    services: Object.fromEntries(running.services.map(({ name, url, service: { pid } }) => [name, { url, pid }])),
    rabbitmq: { how: broker.how, pid: broker.server?.pid ?? null },
    postgres: { how: database.how, url: database.url, pid: database.server?.pid ?? null },
  });
}

/** A run that was killed could not clean up. What it left is stopped, not taken over: its state is unknown. */
async function cleanUpAfterCrash(): Promise<void> {
  if (leftovers.names.length > 0) {
    log.line('an earlier start was killed before it could stop what it had started');
    await log.task('leftovers', `stopping ${leftovers.names.join(', ')}`, () => leftovers.stop());
  }
  await composeDown(path.join(startPaths.run, 'compose.json')).catch((error) => log.line(messageOf(error)));
  fs.rmSync(startPaths.stackFile, { force: true });
}

/** Starts something again when it ends, from now on, and stops it in its phase. */
function keepRunning(
  phase: Phase,
  target: RestartableProcess,
  hooks: Pick<SuperviseOptions, 'name' | 'onRefusal'>,
): void {
  const supervision = supervise(target, { signal, log, onRestarted: describeStack, ...hooks });
  lifetime.defer(phase, async () => {
    await supervision;
    await target.stop();
    log.line(`${hooks.name} stopped`);
  });
}

/** @returns a setting of this shell; one that is empty is not given */
function given(name: string): string | undefined {
  const value = process.env[name];
  return value === '' ? undefined : value;
}

/** Each folder has containers and data of its own: two clones on one machine must not take each other's. */
function composeProject(): string {
  return `create-order-saga-${createHash('sha256').update(root).digest('hex').slice(0, 8)}`;
}

interface DemoOrder {
  readonly id: string;
  readonly status: string;
  readonly ticketId?: string;
  readonly authorizationId?: string;
  readonly rejection?: { readonly code: string; readonly message: string };
}

/** Places one order and waits for its saga. @returns a line that tells what became of it; it never fails */
async function placeDemoOrder(url: string): Promise<string> {
  const began = performance.now();
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', prefer: 'wait=10' },
      body: JSON.stringify(DEMO_ORDER),
      signal: AbortSignal.any([signal, AbortSignal.timeout(20_000)]),
    });
    const text = await response.text();
    if (!response.ok) return `POST /orders answered ${response.status}: ${text.slice(0, 500)}`;
    const order = JSON.parse(text) as DemoOrder;
    return [
      `order ${order.id} is ${order.status} after ${duration(performance.now() - began)}`,
      ...(order.ticketId ? [`ticket ${order.ticketId}`] : []),
      ...(order.authorizationId ? [`authorization ${order.authorizationId}`] : []),
      ...(order.rejection ? [`${order.rejection.code}: ${order.rejection.message}`] : []),
    ].join(', ');
  } catch (error) {
    return `no answer to POST /orders (${messageOf((error as Error).cause ?? error)})`;
  }
}

// What stands behind # is sent to no server and stands in none of its logs.
function consoleLink(orderServiceUrl: string, token: string): string {
  return `${orderServiceUrl}/#token=${encodeURIComponent(token)}`;
}

function summary(launched: LaunchedService[], { broker, database, operatorToken }: Servers): string {
  const [orderService] = launched as [LaunchedService];
  const { username, password, origin } = new URL(broker.managementUrl ?? 'http://-');
  const secret = broker.how === 'AMQP_URL' ? 'as in AMQP_URL' : password;
  const rows = [
    ['Console', consoleLink(orderService.url, operatorToken)],
    ['REST', `${orderService.url}/orders`],
    ...launched.map((one) => ['', `${one.name} ${one.url}`]),
    ['OpenAPI', `${orderService.url}/openapi`],
    ...launched.map((one, index) => [index === 0 ? 'AsyncAPI' : '', `${one.url}/asyncapi`]),
    ...(broker.managementUrl ? [['RabbitMQ', `${origin} (user ${username}, password ${secret})`]] : []),
    ['', `${withoutPassword(broker.url)} (${broker.how})`],
    ['PostgreSQL', `${withoutPassword(database.url)} (${database.how})`],
    ['Logs', `${shown(startPaths.logs)}/`],
    ['Stop', 'Ctrl-C'],
  ];
  return `\nRunning.\n\n${rows.map(([name, text]) => `  ${name!.padEnd(11)} ${text}`).join('\n')}\n`;
}

function alreadyRunning(): string {
  const { pid, services = {}, operatorToken } = readStackFile() ?? {};
  if (pid === undefined) return 'another npm start is about to run in this folder';
  const urls = Object.entries(services).map(([name, { url }]) => `\n  ${name} ${url}`);
  const orderService = services['order-service'];
  // Whoever has lost the output of that start has lost the way into the console with it.
  const link = operatorToken && orderService ? `\n  console ${consoleLink(orderService.url, operatorToken)}` : '';
  return `already running (pid ${pid}); stop it with Ctrl-C there, or with: kill ${pid}${link}${urls.join('')}`;
}

function optionsOrExit(): { fresh: boolean; embedded: boolean } {
  const flag = { type: 'boolean', default: false } as const;
  try {
    const { values } = parseArgs({ options: { fresh: flag, embedded: flag, help: { ...flag, short: 'h' } } });
    if (!values.help) return values;
  } catch (error) {
    exit(`${messageOf(error)}\n\n${HELP}`);
  }
  console.log(HELP);
  process.exit(0);
}

function exit(message: string): never {
  console.error(message);
  process.exit(1);
}

import fs from 'node:fs';
import path from 'node:path';
import { parseStartArguments, UsageError } from './arguments.mjs';
import { killCommands, tail } from './command.mjs';
import { placeDemoOrder } from './demo-order.mjs';
import { dropForeignSettings } from './environment.mjs';
import { createLifetime, StopRequested } from './lifetime.mjs';
import { tryLock } from './lock.mjs';
import { createLog } from './log.mjs';
import { lastLines, limitLogFiles } from './log-file.mjs';
import { operatorTokenOf } from './operator-token.mjs';
import { shown, startPaths } from './paths.mjs';
import { prepareCode } from './prepare-code.mjs';
import { createProcessRegistry, findLeftovers } from './process-registry.mjs';
import { provisionStack } from './provision-stack.mjs';
import { isThere, untilReady } from './readiness.mjs';
import { launchServices } from './service-launch.mjs';
import { createStackFile, readStackFile } from './stack-file.mjs';
import { supervise } from './supervisor.mjs';
import { queueUrlOf, withoutPassword } from './urls.mjs';

const HELP = `npm start -- [options]

Installs and builds what is needed, brings up PostgreSQL and RabbitMQ, starts the four services, places one order, and keeps everything
running until Ctrl-C.

  --fresh      begin with empty databases and queues
  --embedded   do not use Docker, even if it answers
  --help       this text

Environment
  DATABASE_URL             a PostgreSQL server to use: postgres://user:password@host:5432/postgres
  AMQP_URL                 a RabbitMQ broker to use: amqp://user:password@host:5672 (several with commas between them)
  RABBITMQ_MANAGEMENT_URL  its management API, if that is not on port 15672 of the same host
  POSTGRES_PORT, RABBITMQ_PORT, RABBITMQ_MANAGEMENT_PORT
                           ports to use instead of 5432, 5672 and 15672, for what is started here
  OWN_RABBITMQ=1           unpack a RabbitMQ below .local/, even where one is installed
  OPERATOR_TOKEN           what operators send to see and steer sagas; one is made at random, and kept below .local/, unless it is given
  LOG_LEVEL                of the services, info by default
The services get all other settings of theirs from the environment as well, but not HOST and PORT, nor, without DATABASE_URL, PG*: other
programs leave these behind.

What is not given comes from Docker if that answers, and else from servers of its own below .local/.`;

/**
 * `npm start`.
 * @param {string[]} argv
 */
export async function runStart(argv) {
  const log = createLog();
  let options;
  try {
    options = parseStartArguments(argv);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${HELP}`);
    process.exit(1);
  }
  if (options.help) return log.block(HELP);
  dropForeignSettings();

  const lock = lockOrExit();
  if (!lock.held) {
    console.error(alreadyRunning(lock.holder));
    process.exit(1);
  }
  const registry = createProcessRegistry(path.join(startPaths.run, 'processes.json'));
  const release = () => {
    registry.close();
    fs.rmSync(startPaths.stackFile, { force: true });
    lock.release();
  };
  const lifetime = createLifetime({
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

  let exitCode = 0;
  try {
    await start({ ...options, log, lifetime, registry });
    await lifetime.ended();
    throw lifetime.signal.reason;
  } catch (error) {
    if (!(error instanceof StopRequested)) {
      exitCode = 1;
      log.block(`\n${error.message}\n`);
      lifetime.fail(error);
    }
  }
  await lifetime.close((error) => {
    exitCode = 1;
    log.line(`while stopping: ${error.message}`);
  });
  log.line('stopped');
  process.exit(exitCode);
}

function lockOrExit() {
  try {
    return tryLock(path.join(startPaths.run, 'start.lock'));
  } catch (error) {
    console.error(`nothing can be written below ${shown(startPaths.run)}/: ${error.message}`);
    process.exit(1);
  }
}

function alreadyRunning({ pid }) {
  const { services = {}, operatorToken } = readStackFile(startPaths.stackFile) ?? {};
  const urls = Object.fromEntries(Object.entries(services).map(([name, { url }]) => [name, url]));
  // Whoever has lost the output of that start has lost the way into the console with it.
  const rows = operatorToken && urls['order-service'] ? { console: consoleLink(urls, operatorToken), ...urls } : urls;
  const where = Object.entries(rows).map(([name, url]) => `\n  ${name} ${url}`);
  return `already running (pid ${pid}); stop it with Ctrl-C there, or with: kill ${pid}${where.join('')}`;
}

// What stands behind # is sent to no server and stands in none of its logs.
const consoleLink = (urls, token) => `${urls['order-service']}/#token=${encodeURIComponent(token)}`;

async function start(context) {
  const { log, lifetime } = context;
  const { signal } = lifetime;
  await cleanUpAfterCrash(context);
  const setupLog = path.join(startPaths.logs, 'setup.log');
  fs.rmSync(setupLog, { force: true });

  const { packages, built } = prepareCode({ log, signal, setupLog });
  const keepRunning = (phase, name, target, hooks) => keep({ log, lifetime }, phase, name, target, hooks);
  const stackFile = createStackFile(startPaths.stackFile);
  const [, stack] = await lifetime.together(
    () => built,
    () =>
      provisionStack({
        ...context,
        paths: startPaths,
        setupLog,
        packages,
        keepRunning: withPids(keepRunning, stackFile),
      }),
  );
  stackFile.describeServers(stack);
  const operatorToken = operatorTokenOf(startPaths.operatorToken);
  stackFile.operatorToken(operatorToken);
  const shared = { log, lifetime, registry: context.registry, keepRunning, stack, stackFile, operatorToken };
  const urls = await startServices(shared);
  lifetime.defer('last', limitLogFiles(startPaths.logs));

  log.line('placing an order: POST /orders, Prefer: wait=10');
  log.line(await placeDemoOrder(urls['order-service'], { signal }));
  signal.throwIfAborted();
  log.block(await summary(urls, stack, operatorToken));
}

/** A run that was killed could not clean up. Its servers are stopped, not taken over: their state is unknown, and a start takes seconds. */
async function cleanUpAfterCrash({ log }) {
  const file = path.join(startPaths.run, 'processes.json');
  if (!fs.existsSync(file)) return;
  const left = findLeftovers(file);
  if (left.names.length > 0) {
    log.line('an earlier start was killed before it could stop what it had started');
    await log.task('leftovers', `stopping ${left.names.join(', ')}`, () => left.stop());
  }
  fs.rmSync(startPaths.stackFile, { force: true });
}

/** Supervises something from now on, and stops it in its phase. */
function keep({ log, lifetime }, phase, name, target, hooks = {}) {
  const supervision = supervise(target, { name, signal: lifetime.signal, log, ...hooks });
  lifetime.defer(phase, async () => {
    await supervision;
    await target.stop();
    log.line(`${name} stopped`);
  });
}

/** The stack file tells the pids of the servers too, and is to keep up with restarts. */
function withPids(keepRunning, stackFile) {
  return (phase, name, target) =>
    keepRunning(phase, name, target, { onRestarted: () => stackFile.serverPid(phase, target.pid) });
}

async function startServices({ log, lifetime, registry, keepRunning, stack, stackFile, operatorToken }) {
  const { signal } = lifetime;
  const urls = {};
  let starting = true;
  const queueUrl = process.env.QUEUE_URL || queueUrlOf(stack.rabbitmq);
  const settings = ({ database }) => ({
    DATABASE_URL: stack.databases[database],
    AMQP_URL: stack.rabbitmq.url,
    LOG_LEVEL: process.env.LOG_LEVEL || 'info',
    OPERATOR_TOKEN: operatorToken,
    // The console of order-service links there.
    ...(queueUrl && { QUEUE_URL: queueUrl }),
  });
  const launched = await launchServices({ log, lifetime, registry, settings });
  for (const { name, service, url, logFile } of launched) {
    urls[name] = url;
    stackFile.service(name, { url, pid: service.pid });
    keepRunning('services', name, service, {
      onRestarted: () => stackFile.service(name, { url, pid: service.pid }),
      onRefusal: () => {
        const text = `${name} does not start. The end of its log, ${shown(logFile)}:\n${tail(lastLines(logFile, 12), 12)}`;
        if (starting) lifetime.fail(new Error(text));
        else log.block(text);
      },
    });
  }
  const ready = ({ name, url, service }) =>
    log.task(name, 'starting', () => untilReady(name, url, { service, signal }).then(() => `ready at ${url}`));
  await lifetime.together(...launched.map((one) => () => ready(one)));
  starting = false;
  return urls;
}

async function summary(urls, { rabbitmq, postgres }, operatorToken) {
  const documented = await Promise.all(
    Object.values(urls).map(async (url) => [`${url}/asyncapi`, await isThere(`${url}/asyncapi`)]),
  );
  const asyncApi = documented.filter(([, there]) => there).map(([url]) => url);
  const { username, password, origin } = new URL(rabbitmq.managementUrl ?? 'http://-');
  const external = rabbitmq.how === 'AMQP_URL';
  const rows = [
    ['Console', consoleLink(urls, operatorToken)],
    ['REST', `${urls['order-service']}/orders`],
    ...Object.entries(urls).map(([name, url]) => ['', `${name} ${url}`]),
    ['OpenAPI', `${urls['order-service']}/openapi`],
    ...asyncApi.map((url, i) => [i === 0 ? 'AsyncAPI' : '', url]),
    rabbitmq.managementUrl && [
      'RabbitMQ',
      `${origin} (user ${username}, password ${external ? 'as in AMQP_URL' : password})`,
    ],
    ['', `${withoutPassword(rabbitmq.url)} (${rabbitmq.how})`],
    ['PostgreSQL', `${withoutPassword(postgres.url)} (${postgres.how})`],
    ['Logs', `${shown(startPaths.logs)}/`],
    ['Stop', 'Ctrl-C'],
  ];
  const lines = rows.filter(Boolean).map(([name, text]) => `  ${name.padEnd(11)} ${text}`);
  return `\nRunning.\n\n${lines.join('\n')}\n`;
}

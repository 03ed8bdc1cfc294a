/** `npm test`. */
import fs from 'node:fs';
import path from 'node:path';
import { provideTestTools } from '../test/support/test-tools.js';
import { createVhost } from './lib/broker.js';
import { build } from './lib/build.js';
import { killCommands } from './lib/command.js';
import { dropDatabases } from './lib/databases.js';
import { composeDown } from './lib/docker.js';
import { dropForeignSettings } from './lib/environment.js';
import { parseTestArguments, startJest, type TestArguments } from './lib/jest.js';
import { readJson, writeJson } from './lib/json-file.js';
import { Lifetime, StopRequested } from './lib/lifetime.js';
import { createLog, messageOf } from './lib/log.js';
import { shown, startPaths, testRuns } from './lib/paths.js';
import { identify, isRunning, type ProcessIdentity } from './lib/process-identity.js';
import { findLeftovers, ProcessRegistry, signalGroup } from './lib/process-registry.js';
import { provision, type Broker } from './lib/provision.js';

const HELP = `npm test -- [options] [arguments for Jest]

Installs and builds what is needed, brings up PostgreSQL and RabbitMQ for the tests alone, and runs Jest. It is safe
beside "npm start".

  --unit, --int, --e2e   only these; all three without
  --faults               what breaks instead: "npm run test:faults:short", or "npm run test:faults" for the long form
  --embedded             do not use Docker, even if it answers
  --help                 this text

Everything else goes to Jest: npm test -- --unit -t "name of a test"

docs/run.md says what the environment can set.`;

const options = optionsOrExit();
dropForeignSettings();

const log = createLog();
const id = `${process.pid}_${Date.now().toString(36)}`;
const folder = path.join(testRuns, id);
const folders = { data: folder, run: folder, logs: path.join(folder, 'logs') };
const registry = new ProcessRegistry(path.join(folder, 'processes.json'));
const lifetime = new Lifetime({
  force: () => {
    registry.killAll();
    killCommands();
    process.exit(130);
  },
});

let exitCode;
try {
  await removeDeadRuns();
  writeJson(path.join(folder, 'owner.json'), identify(process.pid));
  exitCode = await test(options);
} catch (error) {
  exitCode = error instanceof StopRequested ? 130 : 1;
  if (exitCode === 1) log.block(`\n${messageOf(error)}\n`);
  lifetime.fail(error);
}
await lifetime.close((error) => log.line(`while stopping: ${error.message}`));
await removeDeadRuns(); // servers of tests that were cut short
if (exitCode !== 0 && exitCode !== 130) keepLogs();
fs.rmSync(folder, { recursive: true, force: true });
process.exit(exitCode);

async function test({ projects, jestArguments, embedded }: TestArguments): Promise<number> {
  const setupLog = path.join(folders.logs, 'setup.log');
  const onWait = (): void => log.line('waiting for another npm start or npm test, which builds');
  const needsServers = projects.some((project) => project !== 'unit');
  const [servers, leftOut] = await lifetime.together([
    () => (needsServers ? provideServers(embedded) : {}),
    () => provideTestTools({ projects, log, logFile: setupLog, signal: lifetime.signal }),
    () => log.task('build', 'compiling', () => build({ logFile: setupLog, signal: lifetime.signal, onWait })),
  ]);
  const env = { ...servers, TEST_LEFT_OUT: leftOut.join(',') };
  const jest = await startJest({ projects, jestArguments }, env, registry);
  lifetime.defer('tests', async () => {
    await jest.stop();
    signalGroup(jest.pid, 'SIGKILL'); // what tests have left
  });
  await Promise.race([jest.exited, lifetime.ended()]);
  lifetime.signal.throwIfAborted();
  return (await jest.exited).code ?? 1;
}

/**
 * Servers that share nothing with a running `npm start`, nor with another run of tests.
 * @returns the settings of tests
 */
async function provideServers(embedded: boolean): Promise<Record<string, string>> {
  const { broker, database } = await provision({
    embedded,
    folders,
    log,
    lifetime,
    registry,
    compose: { name: `create-order-saga-test-${id}`, discard: true },
    usualPorts: false,
    onServer: (server) => {
      if ('postgres' in server) lifetime.defer('postgres', () => server.postgres.stop());
      // Its data is thrown away, so there is no need to end it gently, which takes six seconds.
      else lifetime.defer('rabbitmq', () => server.rabbitmq.kill().then(() => server.rabbitmq.stop()));
    },
  });
  if (database.how === 'DATABASE_URL') lifetime.defer('postgres', () => dropDatabases(database.url, `test_${id}_`));
  const amqpUrl = broker.how === 'AMQP_URL' ? await ownVhost(broker) : broker.url;
  return {
    TEST_DATABASE_URL: database.url,
    TEST_DATABASE_PREFIX: `test_${id}_`,
    TEST_AMQP_URL: amqpUrl,
    ...(broker.managementUrl !== undefined && { TEST_MANAGEMENT_URL: broker.managementUrl }),
    DATABASE_URL: database.url,
    AMQP_URL: amqpUrl,
  };
}

async function ownVhost({ url, managementUrl }: Broker): Promise<string> {
  const vhost = managementUrl && (await createVhost(url, managementUrl, `test-${id}`));
  if (!vhost) {
    log.line('RabbitMQ: no virtual host of its own could be made for the tests; they use the one of AMQP_URL');
    return url;
  }
  lifetime.defer('rabbitmq', vhost.remove);
  log.line(`RabbitMQ: using virtual host test-${id} of AMQP_URL`);
  return vhost.url;
}

/** After a failure the logs of the servers may tell why; those of one run are kept. */
function keepLogs(): void {
  if (!fs.existsSync(folders.logs)) return;
  const kept = path.join(startPaths.logs, 'test');
  fs.rmSync(kept, { recursive: true, force: true });
  fs.mkdirSync(startPaths.logs, { recursive: true });
  fs.renameSync(folders.logs, kept);
  log.line(`the logs of the servers are in ${shown(kept)}/`);
}

/** A run that was killed could not clean up after itself. */
async function removeDeadRuns(): Promise<void> {
  for (const run of fs.existsSync(testRuns) ? fs.readdirSync(testRuns) : []) {
    const left = path.join(testRuns, run);
    const owner = readJson<ProcessIdentity>(path.join(left, 'owner.json'));
    if (owner === undefined || isRunning(owner)) continue;
    const leftovers = findLeftovers(path.join(left, 'processes.json'));
    await leftovers.stop();
    await composeDown(path.join(left, 'compose.json')).catch((error) => log.line(messageOf(error)));
    fs.rmSync(left, { recursive: true, force: true });
    log.line(`removed what a test run that was killed left: ${[shown(left), ...leftovers.names].join(', ')}`);
  }
}

function optionsOrExit(): TestArguments {
  try {
    const parsed = parseTestArguments(process.argv.slice(2));
    if (!parsed.help) return parsed;
  } catch (error) {
    console.error(`${messageOf(error)}\n\n${HELP}`);
    process.exit(1);
  }
  console.log(HELP);
  process.exit(0);
}

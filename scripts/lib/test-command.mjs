import fs from 'node:fs';
import path from 'node:path';
import { parseTestArguments, UsageError } from './arguments.mjs';
import { readJson, writeJsonAtomically } from './atomic-file.mjs';
import { killCommands } from './command.mjs';
import { startJest } from './jest.mjs';
import { dropForeignSettings } from './environment.mjs';
import { createLifetime, StopRequested } from './lifetime.mjs';
import { createLog } from './log.mjs';
import { shown, startPaths, testRuns } from './paths.mjs';
import { prepareCode } from './prepare-code.mjs';
import { identify, isRunning } from './process-identity.mjs';
import { createProcessRegistry, findLeftovers } from './process-registry.mjs';
import { provisionTests } from './provision-tests.mjs';
import { provideTestTools } from './test-tools.mjs';

const HELP = `npm test -- [options] [arguments for Jest]

Installs and builds what is needed, brings up PostgreSQL and RabbitMQ for the tests alone, and runs Jest. It is safe beside "npm start".

  --unit, --int, --e2e   only these; all three without
  --faults               what breaks instead: "npm run test:faults:short", or "npm run test:faults" for the long form
  --embedded             do not use Docker, even if it answers
  --help                 this text

Everything else goes to Jest: npm test -- --unit -t "name of a test"

Environment
  DATABASE_URL             a PostgreSQL server to use; the tests make databases of their own on it
  AMQP_URL                 a RabbitMQ broker to use; the tests get a virtual host of their own if one can be made
  RABBITMQ_MANAGEMENT_URL  its management API, if that is not on port 15672 of the same host
  OWN_RABBITMQ=1           unpack a RabbitMQ below .local/, even where one is installed

The tests find TEST_DATABASE_URL (a server on which they may make databases), TEST_DATABASE_PREFIX (for the names of those), TEST_AMQP_URL
and TEST_MANAGEMENT_URL.`;

/**
 * `npm test`.
 * @param {string[]} argv
 */
export async function runTests(argv) {
  const log = createLog();
  let options;
  try {
    options = parseTestArguments(argv);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${HELP}`);
    process.exit(1);
  }
  if (options.help) return log.block(HELP);
  dropForeignSettings();

  const id = `${process.pid}_${Date.now().toString(36)}`;
  const folder = path.join(testRuns, id);
  const registry = createProcessRegistry(path.join(folder, 'processes.json'));
  const lifetime = createLifetime({
    force: () => {
      registry.killAll();
      killCommands();
      process.exit(130);
    },
  });

  let exitCode;
  try {
    await removeDeadRuns(log);
    writeJsonAtomically(path.join(folder, 'owner.json'), { pid: process.pid, ...identify(process.pid) });
    exitCode = await test({ ...options, id, folder, log, lifetime, registry });
  } catch (error) {
    exitCode = error instanceof StopRequested ? 130 : 1;
    if (exitCode === 1) log.block(`\n${error.message}\n`);
    lifetime.fail(error);
  }
  await lifetime.close((error) => log.line(`while stopping: ${error.message}`));
  // Servers of tests that were cut short.
  await removeDeadRuns(log);
  if (exitCode !== 0 && exitCode !== 130) keepLogs(folder, log);
  fs.rmSync(folder, { recursive: true, force: true });
  process.exit(exitCode);
}

async function test({ projects, jestArguments, ...context }) {
  const { log, lifetime, registry, folder } = context;
  const setupLog = path.join(folder, 'logs/setup.log');
  const { packages, built } = prepareCode({ log, signal: lifetime.signal, setupLog });
  const serversNeeded = projects.some((project) => project !== 'unit');
  const [, servers, leftOut] = await lifetime.together(
    () => built,
    () => (serversNeeded ? provisionTests({ ...context, setupLog, packages }) : undefined),
    () => provideTestTools({ ...context, projects, setupLog }),
  );
  const env = { ...(servers && environment(servers)), TEST_LEFT_OUT: leftOut.join(',') };
  const jest = startJest({ projects, jestArguments, env, registry, log });
  lifetime.defer('tests', () => jest.stop());
  const code = await Promise.race([jest.exited, lifetime.ended()]);
  lifetime.signal.throwIfAborted();
  return code;
}

function environment({ databaseUrl, databasePrefix, amqpUrl, managementUrl }) {
  return {
    TEST_DATABASE_URL: databaseUrl,
    TEST_DATABASE_PREFIX: databasePrefix,
    TEST_AMQP_URL: amqpUrl,
    ...(managementUrl !== undefined && { TEST_MANAGEMENT_URL: managementUrl }),
    DATABASE_URL: databaseUrl,
    AMQP_URL: amqpUrl,
  };
}

/** After a failure the logs of the servers may tell why; those of one run are kept. */
function keepLogs(folder, log) {
  const kept = path.join(startPaths.logs, 'test');
  const logs = path.join(folder, 'logs');
  if (!fs.existsSync(logs)) return;
  fs.rmSync(kept, { recursive: true, force: true });
  fs.mkdirSync(startPaths.logs, { recursive: true });
  fs.renameSync(logs, kept);
  log.line(`the logs of the servers are in ${shown(kept)}/`);
}

/** A run that was killed could not clean up after itself. */
async function removeDeadRuns(log) {
  const runs = fs.existsSync(testRuns) ? fs.readdirSync(testRuns) : [];
  for (const run of runs) {
    const folder = path.join(testRuns, run);
    const owner = readJson(path.join(folder, 'owner.json'));
    if (owner === undefined || isRunning(owner)) continue;
    const left = findLeftovers(path.join(folder, 'processes.json'));
    await left.stop();
    fs.rmSync(folder, { recursive: true, force: true });
    log.line(`removed what a test run that was killed left: ${[shown(folder), ...left.names].join(', ')}`);
  }
}

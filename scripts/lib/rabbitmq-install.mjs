import fs from 'node:fs';
import { aptGetAs } from './apt-install.mjs';
import { run, tail } from './command.mjs';
import { rootCommand } from './root-command.mjs';
import { findRabbitMq, isNewEnough, OLDEST_RABBITMQ } from './rabbitmq-files.mjs';

/** RabbitMQ can be neither found nor installed; the message says what a person can do. */
class NoRabbitMq extends Error {
  constructor(reason) {
    super(
      [
        `RabbitMQ ${OLDEST_RABBITMQ} or newer is needed, and ${reason}. Any one of these helps:`,
        '  - start Docker: it is used when it answers',
        '  - set AMQP_URL to a broker that runs already',
        '  - install it: "sudo apt-get install rabbitmq-server" on Debian 12, Ubuntu 24.04 or newer, "brew install rabbitmq" on macOS,',
        '    or as https://www.rabbitmq.com/docs/download says',
      ].join('\n'),
    );
  }
}

/**
 * The RabbitMQ of this machine, installed through the system's package manager if it has none.
 * @param {{logFile: string, signal?: AbortSignal, log: ReturnType<typeof import('./log.mjs').createLog>}} options
 * @returns {Promise<import('./rabbitmq-files.mjs').RabbitMqProgram>}
 */
export async function ensureRabbitMq({ logFile, signal, log }) {
  let program = findRabbitMq();
  if (program === undefined) {
    await install({ logFile, signal, log });
    program = findRabbitMq();
  }
  if (program === undefined) throw new NoRabbitMq('its package did not bring a server that can be found');
  if (!isNewEnough(program.version)) throw new NoRabbitMq(`${program.version} is installed (${program.bin})`);
  return program;
}

async function install(context) {
  const { log, signal } = context;
  const onStop = () =>
    log.line('RabbitMQ: its installation is left to finish, for a package manager that is cut short leaves a mess');
  signal?.addEventListener('abort', onStop, { once: true });
  try {
    await installWithPackageManager(context);
  } finally {
    signal?.removeEventListener('abort', onStop);
  }
}

async function installWithPackageManager(context) {
  if (await answers('apt-get', ['--version'])) {
    const root = await rootCommand();
    if (root === undefined)
      throw new NoRabbitMq('it is not installed, and installing it takes root or sudo without a password');
    return context.log.task('RabbitMQ', 'installing with apt-get', () => installWithApt({ ...context, root }));
  }
  if (await answers('brew', ['--version'])) {
    return context.log.task('RabbitMQ', 'installing with brew', () => installWithBrew(context));
  }
  throw new NoRabbitMq('there is neither apt-get nor brew to install it with');
}

async function answers(command, args) {
  return (await run(command, args, { timeoutMs: 20_000 })).code === 0;
}

async function installWithBrew({ logFile, signal }) {
  const { code, output } = await run('brew', ['install', 'rabbitmq'], { logFile, signal, uninterruptible: true });
  if (code !== 0) throw new NoRabbitMq(`"brew install rabbitmq" failed:\n${tail(output)}\n`);
  return 'installed';
}

async function installWithApt({ root, logFile, signal }) {
  const options = { logFile, signal, uninterruptible: true };
  const asRoot = (...command) => run('env', ['LC_ALL=C.UTF-8', ...command], options);
  const apt = aptGetAs(root, options);

  let updated = false;
  const update = async () => {
    const { code, output } = await apt('update');
    if (code !== 0) throw new NoRabbitMq(`"apt-get update" failed:\n${tail(output)}\n`);
    updated = true;
  };
  let candidate = await aptCandidate(options);
  if (candidate === undefined) {
    await update();
    candidate = await aptCandidate(options);
  }
  if (candidate === undefined) throw new NoRabbitMq('apt-get knows no package rabbitmq-server');
  if (!isNewEnough(candidate)) throw new NoRabbitMq(`apt-get offers only ${candidate}`);

  const hadErlang = findRabbitMq() !== undefined || fs.existsSync('/usr/bin/epmd');
  const removePolicy = await forbidServiceStart({ root, options });
  try {
    const installPackage = () => apt('install', '--no-install-recommends', 'rabbitmq-server');
    let result = await installPackage();
    if (result.code !== 0 && !updated) {
      // The lists may be older than the mirror.
      await update();
      result = await installPackage();
    }
    if (result.code !== 0) throw new NoRabbitMq(`"apt-get install rabbitmq-server" failed:\n${tail(result.output)}\n`);
  } finally {
    await removePolicy();
  }
  // The package asks for a start at every boot. Nobody but us asked for the package, and we run a node of our own.
  const units = ['rabbitmq-server.service', ...(hadErlang ? [] : ['epmd.service', 'epmd.socket'])];
  await asRoot(...root, 'systemctl', 'disable', ...units);
  return 'installed';
}

async function aptCandidate(options) {
  const { output } = await run('apt-cache', ['policy', 'rabbitmq-server'], {
    ...options,
    env: { ...process.env, LC_ALL: 'C' },
  });
  return /Candidate: (\d\S*)/.exec(output)?.[1];
}

const POLICY_FILE = '/usr/sbin/policy-rc.d';
const POLICY_MARK = 'written by create-order-saga while it installs rabbitmq-server';
// Debian asks this script before a package starts a service; 101 means "no". That goes for packages that come along as well.
const POLICY = `#!/bin/sh
# ${POLICY_MARK}, and removed afterwards
case "$*" in *rabbitmq-server* | *epmd* | *" start"*) exit 101 ;; esac
exit 0
`;

/** Installing the package would start a system node on port 5672. A policy that somebody else wrote is left alone. */
async function forbidServiceStart({ root, options }) {
  // A run that was killed half-way may have left ours.
  const ours = () => fs.existsSync(POLICY_FILE) && fs.readFileSync(POLICY_FILE, 'utf8').includes(POLICY_MARK);
  if (fs.existsSync(POLICY_FILE) && !ours()) return async () => {};
  const script = `cat > ${POLICY_FILE} && chmod 755 ${POLICY_FILE}`;
  const [command, ...args] = [...root, 'sh', '-c', script];
  const { code, output } = await run(command, args, { ...options, input: POLICY });
  if (code !== 0) throw new Error(`cannot write ${POLICY_FILE}: ${output}`);
  return async () => {
    const [remove, ...file] = [...root, 'rm', '-f', POLICY_FILE];
    if (ours()) await run(remove, file);
  };
}

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { amqpAnswers, managementOverview } from './broker-probe.mjs';
import { run, tail } from './command.mjs';
import { listenerOf } from './listeners.mjs';
import { lastLines } from './log-file.mjs';
import { PortTaken, hasLostItsPort, untilPortsAreOurs } from './port-taken.mjs';
import { freePort } from './ports.mjs';
import { startProcess } from './process.mjs';
import { findEpmd } from './rabbitmq-files.mjs';
import { ensureRabbitMq } from './rabbitmq-install.mjs';
import { waitFor } from './wait.mjs';

const READY_MS = 180_000;
const EPMD_READY_MS = 10_000;

/**
 * Starts a private RabbitMQ node with the management plugin and waits until both answer. Whatever a node needs is its own: name, cookie,
 * ports, data, plugins, configuration and the port mapper (epmd), so that it neither meets another node of the machine nor leaves
 * anything behind. It listens on this machine only; the user is guest, the password guest.
 *
 * @param {{dataDir: string, logFile: string, choosePorts?: () => Promise<{amqp: number, management: number}>,
 *   program?: import('./rabbitmq-files.mjs').RabbitMqProgram, config?: string[], signal?: AbortSignal,
 *   registry?: ReturnType<typeof import('./process-registry.mjs').createProcessRegistry>}} options
 *   `dataDir` is made if it does not exist, and kept; `choosePorts` is asked again when another process was faster to take one of them;
 *   `config` has further lines for rabbitmq.conf; without `program` it is found or fetched
 * @returns {Promise<RunningRabbitMq>}
 *
 * @typedef {{amqpUrl: string, managementUrl: string, nodeName: string, pid: number, running: boolean, exited: Promise<unknown>,
 *   stop(): Promise<void>, kill(signal?: NodeJS.Signals): Promise<void>, restart(): Promise<void>,
 *   ctl(...args: string[]): Promise<{code: number, output: string}>}} RunningRabbitMq
 *   `managementUrl` has the user and the password; `kill` is a crash (SIGKILL unless told otherwise); `restart` also starts one that was
 *   stopped or killed, on the same ports; `ctl` is rabbitmqctl for this node
 */
export async function startRabbitMq(options) {
  return untilPortsAreOurs(() => startOnce(options));
}

const anyPorts = async () => ({ amqp: await freePort(), management: await freePort() });

async function startOnce({ dataDir, logFile, choosePorts = anyPorts, program, config = [], signal, registry }) {
  dataDir = path.resolve(dataDir);
  program ??= await ensureRabbitMq({ logFile: path.join(dataDir, 'setup.log'), signal });
  const { bin } = program;
  const ports = {
    ...(await choosePorts()),
    distribution: await freePort(),
    epmd: await freePort(),
  };
  const nodeName = nodeNameFor(dataDir);
  const env = prepare({ dataDir, nodeName, ports, config, program });
  const amqpUrl = `amqp://guest:guest@127.0.0.1:${ports.amqp}`;
  const managementUrl = `http://guest:guest@127.0.0.1:${ports.management}`;

  // A node starts an epmd if there is none, and that one would outlive it. So there is one before: ours, in the foreground.
  const startEpmd = async () => {
    const started = await startProcess({
      name: 'epmd of RabbitMQ',
      command: findEpmd(program),
      args: ['-port', String(ports.epmd), '-address', '127.0.0.1'],
      env,
      cwd: dataDir,
      logFile: path.join(dataDir, 'epmd.log'),
      registry,
      isServer: true,
    });
    // It ends when there is one already, and the node would join another's.
    const listens = async () => (await listenerOf(started.pid, ports.epmd)) === 'own';
    await waitFor(async () => !started.running || (await listens()), { timeoutMs: EPMD_READY_MS, everyMs: 20 });
    if (started.running) return started;
    throw new PortTaken(`epmd could not listen on port ${ports.epmd}`);
  };

  // Another one's broker may answer there: every stack has the same user.
  const answers = async () => {
    const { node, listeners = [] } = (await managementOverview(managementUrl)) ?? {};
    const isListed = listeners.some(({ protocol, port }) => protocol === 'amqp' && port === ports.amqp);
    return node === nodeName && isListed && amqpAnswers(amqpUrl);
  };

  const launch = async ({ keepLog }) => {
    const node = await startProcess({
      name: 'RabbitMQ',
      command: path.join(bin, 'rabbitmq-server'),
      env,
      cwd: dataDir,
      logFile,
      keepLog,
      registry,
      isServer: true,
      graceMs: 40_000,
    });
    try {
      const ready = await waitFor(async () => !node.running || (await answers()), { timeoutMs: READY_MS, signal });
      if (ready && node.running) return node;
      const why = `RabbitMQ did not start (log: ${logFile}):\n${tail(lastLines(logFile, 12))}`;
      const lost = !node.running && (await hasLostItsPort({ ports: Object.values(ports).slice(0, 3), logFile }));
      throw new (lost ? PortTaken : Error)(why);
    } catch (error) {
      await node.kill();
      throw error;
    }
  };

  let epmd = await startEpmd();
  let node;
  try {
    node = await launch({ keepLog: false });
  } catch (error) {
    await epmd.stop();
    throw error;
  }
  return {
    amqpUrl,
    managementUrl,
    nodeName,
    get pid() {
      return node.pid;
    },
    get running() {
      return node.running;
    },
    get exited() {
      return node.exited;
    },
    async stop() {
      await node.stop();
      await epmd.stop();
    },
    kill: (killSignal = 'SIGKILL') => node.kill(killSignal),
    async restart() {
      await node.stop();
      if (!epmd.running) epmd = await startEpmd();
      node = await launch({ keepLog: true });
    },
    ctl: (...args) => run(path.join(bin, 'rabbitmqctl'), ['-n', nodeName, ...args], { env, cwd: dataDir, signal }),
  };
}

/** A node's data belongs to its name. This one depends on nothing but the folder: the name of a machine may change. */
function nodeNameFor(dataDir) {
  return `saga-${createHash('sha256').update(dataDir).digest('hex').slice(0, 10)}@localhost`;
}

/** Writes the node's files and returns its environment. */
function prepare({ dataDir, nodeName, ports, config, program }) {
  const inside = (name) => path.join(dataDir, name);
  for (const folder of ['home', 'mnesia', 'log']) fs.mkdirSync(inside(folder), { recursive: true });
  const lines = [
    `listeners.tcp.1 = 127.0.0.1:${ports.amqp}`,
    'management.tcp.ip = 127.0.0.1',
    `management.tcp.port = ${ports.management}`,
    'log.file = false',
    'log.console = true',
    'log.console.level = info',
    ...config,
  ];
  fs.writeFileSync(inside('rabbitmq.conf'), `${lines.join('\n')}\n`);
  fs.writeFileSync(inside('rabbitmq-env.conf'), '');
  fs.writeFileSync(inside('enabled_plugins'), '[rabbitmq_management].\n');

  // Settings for another node, from this shell or from /etc/rabbitmq, must not reach this one.
  const inherited = Object.entries(process.env).filter(([name]) => !/^(RABBITMQ_|ERL_|NOTIFY_SOCKET)/.test(name));
  return {
    ...Object.fromEntries(inherited),
    ...program.env,
    HOME: inside('home'), // for the cookie
    ERL_CRASH_DUMP: inside('log/erl_crash.dump'),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    ERL_EPMD_PORT: String(ports.epmd),
    RABBITMQ_NODENAME: nodeName,
    RABBITMQ_DIST_PORT: String(ports.distribution),
    RABBITMQ_MNESIA_BASE: inside('mnesia'),
    RABBITMQ_LOG_BASE: inside('log'),
    RABBITMQ_LOGS: '-',
    RABBITMQ_CONFIG_FILE: inside('rabbitmq.conf'),
    RABBITMQ_CONFIG_FILES: inside('conf.d'),
    RABBITMQ_ADVANCED_CONFIG_FILE: inside('advanced.config'),
    RABBITMQ_CONF_ENV_FILE: inside('rabbitmq-env.conf'),
    RABBITMQ_ENABLED_PLUGINS_FILE: inside('enabled_plugins'),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
    // Makes the script become the server instead of waiting for it: the process we started is the one to signal.
    RUNNING_UNDER_SYSTEMD: 'true',
  };
}

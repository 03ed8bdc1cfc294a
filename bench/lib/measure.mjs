import { spawn } from 'node:child_process';
import path from 'node:path';
import pg from 'pg';
import { root } from '../../scripts/lib/paths.mjs';
import { SERVICES } from '../../scripts/lib/services.mjs';
import { sleep } from '../../scripts/lib/wait.mjs';
import { watchMemory } from './memory.mjs';
import { machineCpuSeconds, usageOf } from './processes.mjs';

/** Above this share of the machine's time, others were at work too, and what was measured says nothing. */
const MOST_FOREIGN_SHARE = 0.1;
const CORES = Number(process.env.BENCH_CORES) || (await import('node:os')).availableParallelism();

/**
 * Runs one load against the services and measures what it cost.
 * @param {{servers: object, services: {urls: Record<string, string>, pids: Record<string, number>},
 *   session: import('./session.mjs').Session}} system
 * @param {{inFlight: number, orders: number, warmUp?: number, refusedEvery?: number}} load
 */
export async function measure(
  { servers, services, session },
  { inFlight, orders, warmUp = Math.floor(orders / 5), refusedEvery = 0 },
) {
  const pids = { ...services.pids, postgres: servers.postgres.pid, rabbitmq: servers.rabbitmq.pid };
  const admin = new pg.Client(servers.postgres.url);
  await admin.connect();
  try {
    await admin.query('create extension if not exists pg_stat_statements');
    await admin.query('select pg_stat_statements_reset()');
    const messagesBefore = await publishedMessages(servers.rabbitmq.managementUrl);
    const before = await snapshot(admin, pids);
    const urls = Object.entries(services.urls).flatMap(([name, url]) =>
      name.startsWith('order-service') ? [url] : [],
    );
    const watch = watchMemory(services.pids);
    const load = await runLoad({ urls, inFlight, orders, warmUp, refusedEvery }, session);
    const memory = watch.stop();
    const after = await snapshot(admin, pids);
    const { statements, polls } = await countStatements(admin);
    const messages = (await publishedMessages(servers.rabbitmq.managementUrl)) - messagesBefore;
    return report({ load, memory, orders, before, after, statements, polls, messages });
  } finally {
    await admin.end();
  }
}

/** Runs the load process. @returns what it printed */
async function runLoad(job, { signal, registry }) {
  signal.throwIfAborted();
  const child = spawn(process.execPath, [path.join(root, 'bench/load.mjs'), JSON.stringify(job)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true, // the registry ends groups
  });
  registry.add({ name: 'the load', pid: child.pid });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  const code = await new Promise((resolve) => child.once('close', resolve));
  registry.remove(child.pid);
  if (code !== 0) throw new Error(`the load process failed (code ${code})`);
  return JSON.parse(output);
}

async function snapshot(admin, pids) {
  const { rows } = await admin.query(
    `select (pg_current_wal_lsn() - '0/0')::float8 as wal,
       (select sum(xact_commit)::float8 from pg_stat_database where datname = any($1)) as transactions`,
    [SERVICES.map(({ database }) => database)],
  );
  return {
    ...rows[0],
    at: performance.now(),
    machine: machineCpuSeconds(),
    usage: Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, usageOf(pid)])),
  };
}

/** Statements of the services, BEGIN and COMMIT not counted; and apart from them what is polled by the clock, each in a transaction, which does not grow with the sagas. */
async function countStatements(admin) {
  const { rows } = await admin.query(
    `select coalesce(sum(calls) filter (where not polled), 0)::float8 as statements, coalesce(sum(calls) filter (where polled), 0)::float8 as polls
     from (
       select calls, query ~ 'awake as|^select saga_id, status from saga_instance' as polled
       from pg_stat_statements s join pg_database d on d.oid = s.dbid
       where d.datname = any($1) and query !~* '^(begin|commit)$'
     ) as counted`,
    [SERVICES.map(({ database }) => database)],
  );
  return rows[0];
}

/** Messages that the broker has taken from publishers; its figures are some seconds late, so they are waited for until they stand still. */
async function publishedMessages(managementUrl) {
  const { username, password, origin } = new URL(managementUrl);
  const authorization = `Basic ${Buffer.from(`${username || 'guest'}:${password || 'guest'}`).toString('base64')}`;
  const read = async () => {
    const response = await fetch(`${origin}/api/overview`, { headers: { authorization } });
    return (await response.json()).message_stats?.publish ?? 0;
  };
  for (let last = await read(), still = 0; ;) {
    await sleep(1_000);
    const now = await read();
    still = now === last ? still + 1 : 0;
    if (still === 6) return now;
    last = now;
  }
}

function report({ load, memory, orders, before, after, statements, polls, messages }) {
  const cpu = Object.fromEntries(
    Object.entries(after.usage).map(([name, { cpuSeconds }]) => [name, cpuSeconds - before.usage[name].cpuSeconds]),
  );
  const own = Object.values(cpu).reduce((sum, seconds) => sum + seconds, load.cpuSeconds);
  const perSaga = (value) => value / orders;
  return {
    ...load,
    cpuSecondsPerThousand: Object.fromEntries(
      [...Object.entries(cpu), ['load', load.cpuSeconds]].map(([name, seconds]) => [name, perSaga(seconds * 1_000)]),
    ),
    peakMiB: Object.fromEntries(
      Object.entries(after.usage).map(([name, { peakBytes }]) => [name, peakBytes / 2 ** 20]),
    ),
    memoryMiB: memory,
    statements: perSaga(statements),
    transactions: perSaga(after.transactions - before.transactions - polls),
    walBytes: perSaga(after.wal - before.wal),
    messages: perSaga(messages),
    foreignShare: Math.max(0, after.machine - before.machine - own) / (((after.at - before.at) / 1_000) * CORES),
  };
}

/** @returns {boolean} whether other processes took so much of the machine that the figures mean nothing */
export const wasDisturbed = ({ foreignShare }) => foreignShare > MOST_FOREIGN_SHARE;

import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import pg from 'pg';
import type { LoadJob, LoadResult } from '../load.js';
import { publishedMessages } from './broker-statistics.js';
import { DatabaseStatistics, type DatabaseCounts, type ExecutedStatement } from './database-statistics.js';
import { watchMemory } from './memory.js';
import { machineCpuSeconds, usageOf, type Usage } from './processes.js';
import { LOAD_PROGRAM, NODE_OPTIONS } from './program.js';
import type { Session } from './session.js';
import type { Servers, Services } from './system.js';

/** Above this share of the machine's time, others were at work too, and what was measured says nothing. */
const MOST_FOREIGN_SHARE = 0.1;
const CORES = Number(process.env.BENCH_CORES) || availableParallelism();

/** What is measured, and what it may start. */
export interface System {
  readonly servers: Servers;
  readonly services: Services;
  readonly session: Session;
}

/** How much is placed, and how much of it is in flight at a time. */
export interface Load {
  readonly inFlight: number;
  readonly orders: number;
  readonly warmUp?: number;
  readonly refusedEvery?: number | undefined;
}

/** What a load cost. Statements, transactions, bytes and messages are per saga. */
export interface Measurement extends LoadResult {
  /** By process. */
  readonly cpuSecondsPerThousand: Readonly<Record<string, number>>;
  readonly peakMiB: Readonly<Record<string, number>>;
  /** By process, a mean for each tenth of the time. */
  readonly memoryMiB: Readonly<Record<string, number[]>>;
  readonly statements: number;
  readonly transactions: number;
  readonly walBytes: number;
  readonly messages: number;
  /** How often each statement was executed, per saga. */
  readonly statementTexts: readonly ExecutedStatement[];
  /** The part of the machine's time that other processes took. */
  readonly foreignShare: number;
}

/** Runs one load against the services. @returns what it cost */
export async function measure(
  { servers, services, session }: System,
  { inFlight, orders, warmUp = Math.floor(orders / 5), refusedEvery = 0 }: Load,
): Promise<Measurement> {
  const pids = { ...services.pids, postgres: servers.postgres.pid, rabbitmq: servers.rabbitmq.pid };
  const admin = new pg.Client(servers.postgres.url);
  await admin.connect();
  try {
    const messagesBefore = await publishedMessages(servers.rabbitmq.managementUrl);
    const statistics = await DatabaseStatistics.begin(admin);
    const before = takeSnapshot(pids);
    const memory = watchMemory(services.pids);
    const load = await runLoad({ urls: services.orderUrls, inFlight, orders, warmUp, refusedEvery }, session);
    const memoryMiB = memory.stop();
    const after = takeSnapshot(pids);
    const [database, messagesAfter] = await Promise.all([
      statistics.end(),
      publishedMessages(servers.rabbitmq.managementUrl),
    ]);
    const messages = messagesAfter - messagesBefore;
    return {
      ...load,
      memoryMiB,
      ...costOf(load, orders, before, after),
      ...perSaga({ ...database, messages }, orders),
    };
  } finally {
    await admin.end();
  }
}

/** Runs the load process. @returns what it printed */
async function runLoad(job: LoadJob, { signal, registry }: Session): Promise<LoadResult> {
  signal.throwIfAborted();
  const child = spawn(process.execPath, [...NODE_OPTIONS, LOAD_PROGRAM, JSON.stringify(job)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true, // the registry ends groups
  });
  registry.add({ name: 'the load', pid: child.pid! });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise((resolve) => child.once('close', resolve));
  registry.remove(child.pid!);
  if (code !== 0) throw new Error(`the load process failed (code ${String(code)})`);
  return JSON.parse(output) as LoadResult;
}

interface Snapshot {
  readonly at: number;
  readonly machine: number;
  readonly usage: ReadonlyMap<string, Usage>;
}

const takeSnapshot = (pids: Readonly<Record<string, number>>): Snapshot => ({
  at: performance.now(),
  machine: machineCpuSeconds(),
  usage: new Map(Object.entries(pids).map(([name, pid]) => [name, usageOf(pid)])),
});

function costOf(load: LoadResult, orders: number, before: Snapshot, after: Snapshot) {
  const cpu: [name: string, seconds: number][] = [...after.usage].map(([name, { cpuSeconds }]) => [
    name,
    cpuSeconds - before.usage.get(name)!.cpuSeconds,
  ]);
  cpu.push(['load', load.cpuSeconds]);
  const own = cpu.reduce((sum, [, seconds]) => sum + seconds, 0);
  const foreign = Math.max(0, after.machine - before.machine - own);
  return {
    cpuSecondsPerThousand: Object.fromEntries(cpu.map(([name, seconds]) => [name, (seconds * 1_000) / orders])),
    peakMiB: Object.fromEntries([...after.usage].map(([name, { peakBytes }]) => [name, peakBytes / 2 ** 20])),
    foreignShare: foreign / (((after.at - before.at) / 1_000) * CORES),
  };
}

const perSaga = (
  { statements, transactions, walBytes, texts, messages }: DatabaseCounts & { messages: number },
  orders: number,
) => ({
  statements: statements / orders,
  transactions: transactions / orders,
  walBytes: walBytes / orders,
  messages: messages / orders,
  statementTexts: texts.map(({ database, text, calls }) => ({ database, text, calls: calls / orders })),
});

/** @returns whether other processes took so much of the machine that the figures mean nothing */
export const wasDisturbed = ({ foreignShare }: Measurement): boolean => foreignShare > MOST_FOREIGN_SHARE;

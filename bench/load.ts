/**
 * Places orders and waits for the end of each: a process of its own, so that its work is not counted as the system's.
 * It gets one job as JSON in its first argument, and prints one line of JSON.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { Latencies, type Speed } from './lib/latencies.js';
import { GOOD_ORDER, REFUSED_ORDER } from './lib/order.js';

export interface LoadJob {
  /** Of order-service; each process of it gets as many orders. */
  readonly urls: readonly string[];
  readonly inFlight: number;
  readonly orders: number;
  /** So many orders are not counted. */
  readonly warmUp: number;
  /** Every so many-th order is one that is refused; 0 means none. */
  readonly refusedEvery: number;
}

export interface LoadResult extends Speed {
  /** How the orders ended, and how many so. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** How often an order was rejected with 429. */
  readonly rejected429: number;
  readonly cpuSeconds: number;
}

const job = JSON.parse(process.argv[2]!) as LoadJob;
const pools = job.urls.map(
  (url) => new Pool(url, { connections: Math.ceil(job.inFlight / job.urls.length), pipelining: 1 }),
);
const GOOD = JSON.stringify(GOOD_ORDER);
const REFUSED = JSON.stringify(REFUSED_ORDER);
const headers = { 'content-type': 'application/json', prefer: 'wait=60' };

const latencies = new Latencies(job.warmUp);
const outcomes: Record<string, number> = {};
let rejected429 = 0;
let placed = 0;

async function place(): Promise<void> {
  const number = placed++;
  const isRefused = job.refusedEvery > 0 && number % job.refusedEvery === 0;
  const begun = performance.now();
  const { statusCode, text } = await post(pools[number % pools.length]!, isRefused ? REFUSED : GOOD);
  latencies.add(begun, placed < job.orders);
  const { status = '' } = statusCode === 201 ? (JSON.parse(text) as { status?: string }) : {};
  const expected = isRefused ? 'REJECTED' : 'APPROVED';
  const outcome = status === expected ? status : `unexpected: ${statusCode} ${status}`;
  outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
}

/** Sends an order, and again as long as it is rejected with 429. */
async function post(pool: Pool, body: string): Promise<{ statusCode: number; text: string }> {
  for (;;) {
    const response = await pool.request({ path: '/orders', method: 'POST', headers, body });
    const text = await response.body.text();
    if (response.statusCode !== 429) return { statusCode: response.statusCode, text };
    rejected429++;
    await sleep(Number(response.headers['retry-after']) * 1_000);
  }
}

async function placeAll(): Promise<void> {
  while (placed < job.orders) await place();
}

await Promise.all(Array.from({ length: job.inFlight }, placeAll));
await Promise.all(pools.map((pool) => pool.close()));

const { user, system } = process.cpuUsage();
const result: LoadResult = { ...latencies.summary(), outcomes, rejected429, cpuSeconds: (user + system) / 1e6 };
console.log(JSON.stringify(result));

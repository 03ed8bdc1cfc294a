/**
 * Places orders and waits for the end of each: a process of its own, so that its work is not counted as the system's.
 * It gets one job as JSON in its first argument, and prints one line of JSON.
 */
import { Pool } from 'undici';

/** @type {{urls: string[], inFlight: number, orders: number, warmUp: number, refusedEvery: number}} */
const job = JSON.parse(process.argv[2]);
const pools = job.urls.map(
  (url) => new Pool(url, { connections: Math.ceil(job.inFlight / job.urls.length), pipelining: 1 }),
);
const order = (price) =>
  JSON.stringify({ consumerId: 70, restaurantId: 1, cardId: 1, price, items: [{ name: 'Dish 1', quantity: 2 }] });
const GOOD = order(2_000);
const REFUSED = order(8_000); // over the card's limit: the ticket is rejected, and the order too
const headers = { 'content-type': 'application/json', prefer: 'wait=60' };

const latencies = [];
const outcomes = {};
let turnedAway = 0;
let placed = 0;
let ended = 0;
let firstCounted = 0;
let lastCounted = 0;

async function place() {
  const number = placed++;
  const isRefused = job.refusedEvery > 0 && number % job.refusedEvery === 0;
  const begun = performance.now();
  const { statusCode, text } = await post(pools[number % pools.length], isRefused ? REFUSED : GOOD);
  const now = performance.now();
  const { status } = statusCode === 201 ? JSON.parse(text) : {};
  const expected = isRefused ? 'REJECTED' : 'APPROVED';
  const outcome = status === expected ? status : `unexpected: ${statusCode} ${status ?? ''}`;
  outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  ended++;
  if (ended <= job.warmUp) firstCounted = now;
  // The steady part: from when the warm-up's last order has ended until the first client finds nothing more to do.
  else if (placed < job.orders) {
    lastCounted = now;
    latencies.push(now - begun);
  }
}

/** Sends an order, and again as long as it is turned away. */
async function post(pool, body) {
  for (;;) {
    const response = await pool.request({ path: '/orders', method: 'POST', headers, body });
    const text = await response.body.text();
    if (response.statusCode !== 429) return { statusCode: response.statusCode, text };
    turnedAway++;
    await new Promise((resolve) => setTimeout(resolve, Number(response.headers['retry-after']) * 1_000));
  }
}

await Promise.all(
  Array.from({ length: job.inFlight }, async () => {
    while (placed < job.orders) await place();
  }),
);
await Promise.all(pools.map((pool) => pool.close()));

latencies.sort((a, b) => a - b);
const quantile = (q) => latencies[Math.min(latencies.length - 1, Math.floor(q * latencies.length))] ?? null;
console.log(
  JSON.stringify({
    perSecond: (latencies.length / (lastCounted - firstCounted)) * 1_000,
    p50: quantile(0.5),
    p95: quantile(0.95),
    p99: quantile(0.99),
    outcomes,
    turnedAway,
    cpuSeconds: process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6,
  }),
);

/** `npm run bench`: see README.md in this folder. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../scripts/lib/paths.mjs';
import { fill } from './lib/fill.mjs';
import { measureFloor } from './lib/floor.mjs';
import { measure, wasDisturbed } from './lib/measure.mjs';
import { runSession } from './lib/session.mjs';
import { startServers, startServices } from './lib/system.mjs';
import { tableOf } from './lib/table.mjs';

const HELP = `npm run bench -- [options]

Measures the system as deployed against the floor: bare amqplib and pg with the same messages and commits. Takes about half an hour.

  --only <name,…>   of the scenarios: ${'one, hundred, thousand, refusals, memory, growth, orchestrators'}
  --repeat <n>      how often each is measured, in turns with the floor (3)
  --scale <factor>  of the numbers of orders (1)
  --small           one order at a time, briefly, and compares statements, transactions and messages per saga with bench/limits.json: exit code 1
                    when there are more
  --json <file>     writes all figures
  --force           reports also what other processes have disturbed
`;

const options = optionsOrExit({
  only: { type: 'string' },
  repeat: { type: 'string', default: '3' },
  scale: { type: 'string', default: '1' },
  small: { type: 'boolean', default: false },
  json: { type: 'string' },
  force: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
});
if (options.help) {
  console.log(HELP);
  process.exit(0);
}

const directory = path.join(root, '.local/bench');
const scaled = (orders) => Math.max(50, Math.round(orders * Number(options.scale)));
const SCENARIOS = {
  one: { title: 'one at a time', inFlight: 1, orders: scaled(600) },
  hundred: { title: '100 in flight', inFlight: 100, orders: scaled(20_000) },
  thousand: { title: '1,000 in flight', inFlight: 1_000, orders: scaled(30_000) },
  refusals: { title: '1,000 in flight, a tenth refused', inFlight: 1_000, orders: scaled(30_000), refusedEvery: 10 },
};
const names = options.only?.split(',') ?? [...Object.keys(SCENARIOS), 'memory', 'growth', 'orchestrators'];

const results = [];
let session;
let servers;
const exitCode = await runSession(directory, async (begun) => {
  session = begun;
  servers = await startServers(path.join(directory, 'system'), session);
  if (options.small) await small();
  else await full();
  await servers.stop();
  if (options.json) fs.writeFileSync(options.json, `${JSON.stringify({ machine: machine(), results }, null, 2)}\n`);
});
process.exit(exitCode);

function optionsOrExit(known) {
  try {
    return parseArgs({ options: known }).values;
  } catch (error) {
    console.error(`${error.message}\n\n${HELP}`);
    process.exit(1);
  }
}

async function small() {
  const services = await startServices(servers, { directory, session });
  try {
    await measure({ servers, services, session }, { inFlight: 1, orders: 50 });
    const result = await measure({ servers, services, session }, { inFlight: 1, orders: 200 });
    results.push({ name: 'small', ...result });
    const limits = JSON.parse(fs.readFileSync(path.join(root, 'bench/limits.json'), 'utf8'));
    let exceeded = 0;
    for (const [what, limit] of Object.entries(limits)) {
      const isMore = result[what] > limit;
      if (isMore) exceeded++;
      console.log(
        `${what} per saga: ${result[what].toFixed(2)}, at most ${limit}${isMore ? ' — MORE THAN ALLOWED' : ''}`,
      );
    }
    const unexpected = Object.keys(result.outcomes).filter((outcome) => outcome.startsWith('unexpected'));
    if (unexpected.length > 0) console.log(`orders that ended otherwise: ${unexpected.join(', ')}`);
    if (exceeded + unexpected.length > 0) process.exitCode = 1;
  } finally {
    await services.stop();
  }
}

async function full() {
  console.log(machine());
  const floorServers = await startServers(path.join(directory, 'floor'), session);
  try {
    const services = await startServices(servers, { directory, session });
    await measure({ servers, services, session }, { inFlight: 100, orders: 5_000 }); // warms up: compilers, caches, files
    for (const name of names) if (SCENARIOS[name]) await compare(name, SCENARIOS[name], services, floorServers);
    if (names.includes('memory')) await memory(services);
    if (names.includes('growth')) await growth(services);
    await services.stop();
    if (names.includes('orchestrators')) await orchestrators();
  } finally {
    await floorServers.stop();
  }
  console.log(tableOf(results));
  if (results.some(wasDisturbed) && !options.force) {
    console.log('Other processes took a noticeable share of the CPU: these figures are not to be reported (--force).');
    process.exitCode = 1;
  }
}

/** Measures a scenario and the floor in turns, so that both meet the same machine. */
async function compare(name, scenario, services, floorServers) {
  for (let turn = 1; turn <= Number(options.repeat); turn++) {
    const { title, inFlight, orders, refusedEvery } = scenario;
    const floor = refusedEvery ? null : await measureFloor({ ...floorServers, session }, { inFlight, orders });
    const result = await measure({ servers, services, session }, { inFlight, orders, refusedEvery });
    results.push({ name, title, turn, floor, ...result });
    console.log(tableOf(results.slice(-1)));
  }
}

/** Does a process grow with the sagas that went through it? */
async function memory(services) {
  const { inFlight } = SCENARIOS.thousand;
  const orders = scaled(200_000);
  const result = await measure({ servers, services, session }, { inFlight, orders });
  results.push({ name: 'memory', title: `1,000 in flight, ${orders} sagas`, turn: 1, floor: null, ...result });
  console.log(tableOf(results.slice(-1)));
}

/** The same load on databases that hold a million finished sagas and a hundred thousand that wait. */
async function growth(services) {
  const { inFlight, orders } = SCENARIOS.thousand;
  const before = await measure({ servers, services, session }, { inFlight, orders });
  results.push({ name: 'growth', title: '1,000 in flight, before filling', turn: 1, floor: null, ...before });
  const counts = { finished: scaled(1_000_000), waiting: scaled(100_000) };
  console.log(`filling: ${counts.finished} finished sagas, ${counts.waiting} that wait …`);
  await fill(servers.databaseUrl, counts);
  await measure({ servers, services, session }, { inFlight, orders: scaled(5_000) });
  for (let turn = 1; turn <= Number(options.repeat); turn++) {
    const result = await measure({ servers, services, session }, { inFlight, orders });
    results.push({ name: 'growth', title: '1,000 in flight, filled', turn, floor: null, ...result });
    console.log(tableOf(results.slice(-1)));
  }
}

async function orchestrators() {
  for (const count of [1, 2]) {
    const services = await startServices(servers, { directory, session, orchestrators: count });
    const { inFlight, orders } = SCENARIOS.thousand;
    await measure({ servers, services, session }, { inFlight, orders: scaled(5_000) });
    const result = await measure({ servers, services, session }, { inFlight, orders });
    const title = `1,000 in flight, ${count} orchestrator${count > 1 ? 's' : ''}`;
    results.push({ name: 'orchestrators', title, turn: 1, floor: null, ...result });
    console.log(tableOf(results.slice(-1)));
    await services.stop();
  }
}

function machine() {
  const [cpu] = os.cpus();
  const memory = Math.round(os.totalmem() / 2 ** 30);
  return `${cpu.model}, ${os.availableParallelism()} cores, ${memory} GiB, ${os.type()} ${os.release()}, Node ${process.version}`;
}

/**
 * Recovery that is disturbed: PostgreSQL falls again and again, services are killed while they come back, and what
 * polls meets errors that nobody foresaw.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Random } from 'saga-core/testing';
import { expectHealed, placeBatch, together, type Batch } from '../support/batch.js';
import { withClient } from '../support/failing-writes.js';
import { get, post } from '../support/http.js';
import { orders } from '../support/orders.js';
import { startPrivateServers, type PrivateServers } from '../support/private-servers.js';
import { heardFrom, startService, type ServiceName } from '../support/service-process.js';
import { startStack, type Stack } from '../support/stack.js';
import { waitFor } from '../support/wait-for.js';

const SEED = Number(process.env.FAULT_SEED ?? Date.now() % 1_000_000);
const ROUNDS = Number(process.env.FAULT_ROUNDS ?? 2);
const EACH = 2;
const SERVICES: readonly ServiceName[] = [
  'order-service',
  'restaurant-service',
  'accounting-service',
  'consumer-service',
];

let servers: PrivateServers;
let stack: Stack;
beforeAll(async () => {
  servers = await startPrivateServers('recovery', ['postgres']);
  process.env.TEST_DATABASE_URL = servers.databaseUrl;
  stack = await startStack('recovery').catch((error: unknown) =>
    servers.stop().then(() => Promise.reject(error as Error)),
  );
}, 120_000);
afterAll(() => stack.stop().finally(() => servers.stop()), 60_000);

/**
 * Kills a service, and again while it comes back: before it has prepared its database, and when it takes up its work.
 */
async function crashInRecovery(name: ServiceName): Promise<void> {
  stack.service(name).kill();
  for (const moment of ['Server listening', 'at work']) {
    const doomed = startService(name, stack.settingsOf(name));
    const begins = heardFrom(doomed);
    await waitFor(`${name} to be ${moment}`, () => begins(moment), 60_000);
    doomed.kill();
    expect(await doomed.exited).toBeNull();
  }
  await stack.replace(name);
}

test(
  `PostgreSQL is shut down at once, again and again, and services die while they recover (FAULT_SEED=${SEED})`,
  async () => {
    const random = new Random(SEED);
    const batches: Batch[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const victim = SERVICES[round % SERVICES.length]!;
      const survivor = SERVICES[(round + 1) % SERVICES.length]!;
      batches.push(await placeBatch(stack, EACH));
      await servers.kill('postgres', 'SIGQUIT');
      const crashes = crashInRecovery(victim);
      crashes.catch(() => undefined);
      const isReady = async () => (await get(`${stack.url(survivor)}/health/ready`)).status === 200;
      await waitFor(`${survivor} to miss its database`, async () => !(await isReady()), 60_000);
      const placing = placeBatch(stack, EACH);
      placing.catch(() => undefined);
      await delay(random.below(500));
      await servers.restart('postgres');
      await crashes;
      await waitFor(`${survivor} to have its database back`, isReady);
      batches.push(await placing);
    }
    await expectHealed(stack, together(batches), { rejectedBy: ['REPLY_TIMEOUT'] });
  },
  60_000 + ROUNDS * 60_000,
);

test('each loop that polls goes on after errors that nobody foresaw', async () => {
  const rename = (name: ServiceName, from: string, to: string) =>
    withClient(stack.settingsOf(name).DATABASE_URL!, (database) =>
      database.query(`alter table ${from} rename to ${to}`),
    );
  const [orchestrator, participant] = [stack.service('order-service'), stack.service('restaurant-service')].map(
    heardFrom,
  );
  const twice = (what: string) => new RegExp(`(${what}[^]*){2}`);

  await rename('restaurant-service', 'saga_inbox', 'elsewhere');
  // The deadline, the end and the command of this one are waited for when the tables go away.
  const url = `${stack.url('order-service')}/orders`;
  const waiting = post<{ status: string }>(url, { ...orders.good, restaurantId: 3 }, { prefer: 'wait=60' });
  const batch = await placeBatch(stack, EACH);
  await waitFor('the participant to fail', () => participant!(twice('a batch could not be handled; trying again')));
  await rename('order-service', 'saga_instance', 'elsewhere');
  await waitFor('the deadlines to fail', () => orchestrator!(twice('"poll":"handling deadlines"')));
  await waitFor('the watch to fail', () =>
    orchestrator!(twice('sagas that are waited for could not be read; trying again')),
  );
  await rename('order-service', 'elsewhere', 'saga_instance');
  await rename('restaurant-service', 'elsewhere', 'saga_inbox');

  const { status, body } = await waiting;
  expect([status, body.status]).toEqual([201, 'REJECTED']);
  await expectHealed(stack, batch, { rejectedBy: ['REPLY_TIMEOUT'] });
}, 90_000);

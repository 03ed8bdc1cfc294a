/**
 * Services, RabbitMQ and PostgreSQL are killed again and again, also while others recover, with orders of all kinds in
 * flight and two processes of each service. Afterwards, without anybody's help, every order has ended right. FAULT_SEED
 * repeats a run's choices, FAULT_ROUNDS makes it longer.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Random } from 'saga-core/testing';
import { HEALED_WITHIN_MS } from '../support/healed-within.js';
import { loadEndedRight, startLoad, type OrderKind } from '../support/load.js';
import { deadLetters, orders } from '../support/orders.js';
import { startPrivateServers, type PrivateServers } from '../support/private-servers.js';
import { startService, type ServiceName, type ServiceProcess } from '../support/service-process.js';
import { startStack, type Stack } from '../support/stack.js';

const SEED = Number(process.env.FAULT_SEED ?? Date.now() % 1_000_000);
const ROUNDS = Number(process.env.FAULT_ROUNDS ?? 6);
const KINDS = Object.keys(orders) as OrderKind[];
/** Of each kind, so many orders are taken in each round at the least. */
const EACH = 3;
/** Of the kinds that can be approved, so many of a run are at the least: one in which every step errs shows nothing. */
const APPROVED = ROUNDS;
const SERVICES: readonly ServiceName[] = [
  'order-service',
  'consumer-service',
  'restaurant-service',
  'accounting-service',
];

let servers: PrivateServers;
let stack: Stack;
const twins = new Map<ServiceName, ServiceProcess>();

beforeAll(async () => {
  servers = await startPrivateServers('kill_loop');
  process.env.TEST_DATABASE_URL = servers.databaseUrl;
  process.env.TEST_AMQP_URL = servers.amqpUrl;
  process.env.TEST_MANAGEMENT_URL = servers.managementUrl;
  stack = await startStack('kill_loop');
  for (const name of SERVICES) twins.set(name, startService(name, stack.settingsOf(name)));
  await Promise.all([...twins.values()].map((twin) => twin.untilReady()));
}, 180_000);

afterAll(async () => {
  const stopped = await Promise.allSettled([...twins.values()].map((twin) => twin.stop()));
  await stack.stop().finally(() => servers.stop());
  expect(stopped.filter(({ status }) => status === 'rejected')).toEqual([]);
}, 60_000);

test(
  `whatever is killed, every order ends right (FAULT_SEED=${SEED})`,
  async () => {
    const random = new Random(SEED);
    let number = 0;
    const url = (): string => (number++ % 2 ? stack.url('order-service') : twins.get('order-service')!.url());
    const load = startLoad(url, KINDS, 20, 4);

    try {
      for (let round = 0; round < ROUNDS; round++) {
        const server = ([['postgres'], ['rabbitmq'], []] as const)[round % 3]!;
        const victims = new Set([random.pick(SERVICES), random.pick(SERVICES), ...server]);
        // Not one after the other: the next is killed while the last one recovers.
        const kills = [...victims].map(async (victim) => {
          await delay(random.next() * 1_500);
          if (victim === 'postgres' || victim === 'rabbitmq') {
            await servers.kill(victim);
            await delay(random.next() * 1_000);
            await servers.restart(victim);
            return;
          }
          const twin = twins.get(victim)!;
          twin.kill();
          await twin.exited;
          twins.set(victim, startService(victim, stack.settingsOf(victim)));
        });
        await Promise.all([load.untilTaken(EACH), ...kills]);
        await delay(random.next() * 1_500);
      }
    } finally {
      await load.stop();
    }
    await Promise.all([...twins.values()].map((twin) => twin.untilReady()));
    const { statuses } = await loadEndedRight(stack, load, HEALED_WITHIN_MS);
    const ended = (kind: OrderKind, status?: string): number =>
      (statuses[kind] ?? []).filter((other) => status === undefined || other === status).length;
    process.stdout.write(
      `ended: ${KINDS.map((kind) => `${ended(kind)} ${kind} (${ended(kind, 'APPROVED')} approved)`).join(', ')}\n`,
    );
    expect(KINDS.filter((kind) => ended(kind) < ROUNDS * EACH)).toEqual([]);
    expect((['good', 'brokenApproval'] as const).filter((kind) => ended(kind, 'APPROVED') < APPROVED)).toEqual([]);
    expect(await deadLetters(stack)).toEqual([]);
  },
  ROUNDS * 30_000 + 120_000,
);

/**
 * The broker runs out of memory or of disk and blocks whoever publishes, and is restarted, with orders of all kinds in
 * flight. While it blocks, orders are rejected with 503, and what needs no publishing is acknowledged all the same,
 * since consumers have connections of their own. Afterwards all heals.
 */
import { randomUUID } from 'node:crypto';
import { connect } from 'amqplib';
import { post } from '../support/http.js';
import { loadEndedRight, startLoad, type OrderKind } from '../support/load.js';
import { orders } from '../support/orders.js';
import { startPrivateServers, type PrivateServers } from '../support/private-servers.js';
import { startStack, type Stack } from '../support/stack.js';
import { LONG_FORM, testInLongForm } from '../support/long-form.js';
import { waitFor } from '../support/wait-for.js';

const KINDS: readonly OrderKind[] = ['good', 'overLimit', 'unknownDish', 'suspended'];
const QUEUE = 'restaurant_service.commands';
/** What lies in the queue and is answered by nobody: its handling ends with an acknowledgement alone. */
const UNANSWERED = 200;

let servers: PrivateServers;
let stack: Stack;
beforeAll(async () => {
  servers = await startPrivateServers('broker_alarm');
  process.env.TEST_DATABASE_URL = servers.databaseUrl;
  process.env.TEST_AMQP_URL = servers.amqpUrl;
  process.env.TEST_MANAGEMENT_URL = servers.managementUrl;
  stack = await startStack('broker_alarm');
}, 180_000);
afterAll(() => stack.stop().finally(() => servers.stop()), 60_000);

const takeOrder = async () => post<{ code?: string }>(`${stack.url('order-service')}/orders`, orders.good);

/** @param withinMs - from the end of the fault */
async function underLoad(fault: () => Promise<void>, withinMs: number): Promise<void> {
  const load = startLoad(() => stack.url('order-service'), KINDS);
  try {
    await load.untilTaken(2);
    await fault();
    await waitFor('orders to be taken again', async () => (await takeOrder()).status === 202, withinMs);
    const { statuses } = await loadEndedRight(stack, load, withinMs);
    expect(Object.keys(statuses).sort()).toEqual([...KINDS].sort());
    expect(statuses.good).toContain('APPROVED');
    const counts = Object.entries(await stack.broker.messageCounts());
    expect(counts.filter(([, count]) => count > 0)).toEqual([]);
  } finally {
    await load.stop();
  }
}

/** Lays commands into the queue of a participant that is away, which it will handle and not answer. */
async function layUnanswered(): Promise<void> {
  const connection = await connect(stack.broker.amqpUrl);
  const channel = await connection.createConfirmChannel();
  for (let number = 0; number < UNANSWERED; number++) {
    const body = Buffer.from(JSON.stringify({ orderId: randomUUID(), restaurantId: 3, items: orders.good.items }));
    const properties = { persistent: true, correlationId: `${randomUUID()}:1`, replyTo: 'create_order_saga.responses' };
    channel.publish('saga.commands', 'restaurant_service.create_ticket', body, properties);
  }
  await channel.waitForConfirms();
  await connection.close();
}

/** What raises each alarm of the broker's, and what ends it: limits that nothing, and that anything, keeps. */
const ALARMS = {
  memory: { limit: 'set_vm_memory_high_watermark', raised: '0.00001', ended: '0.4' },
  disk: { limit: 'set_disk_free_limit', raised: '1000000GB', ended: '50MB' },
};

/** Something happens while the broker is in alarm, and publishers know it. */
async function inAlarm(alarm: keyof typeof ALARMS, work: () => Promise<void>): Promise<void> {
  const { limit, raised, ended } = ALARMS[alarm];
  await servers.rabbitmqctl(limit, raised);
  try {
    // The broker tells a connection of its alarm when that publishes next.
    await waitFor('orders to be refused', async () => (await takeOrder()).status === 503);
    await work();
    expect(await takeOrder()).toMatchObject({ status: 503, body: { code: 'SERVICE_UNAVAILABLE' } });
  } finally {
    await servers.rabbitmqctl(limit, ended);
  }
}

test.each(LONG_FORM ? (['memory', 'disk'] as const) : (['memory'] as const))(
  'the broker, short of %s, blocks publishers in mid-flight',
  async (alarm) => {
    // Goes on at once; what a step lost by the interruption is sent again when its time is up: 10 s.
    await underLoad(() => inAlarm(alarm, async () => undefined), 15_000);
  },
  120_000,
);

testInLongForm(
  'the broker is restarted',
  async () => {
    // Connected again after a pause of 3 s at most; 10 s until what was lost on the way is sent again.
    await underLoad(async () => {
      await servers.restart('rabbitmq');
    }, 15_000);
  },
  180_000,
);

// The last one: it leaves tickets for which there are no orders.
testInLongForm(
  'while the broker blocks publishers, what needs no answer is acknowledged',
  async () => {
    stack.service('restaurant-service').kill();
    await stack.service('restaurant-service').exited;
    await layUnanswered();
    await inAlarm('memory', async () => {
      await stack.replace('restaurant-service');
      await waitFor('the acknowledgements', async () => (await unacknowledged()) === 0);
    });
  },
  120_000,
);

/**
 * @returns how many messages of the queue are ready or in hand, by the broker's own books, which it keeps in intervals
 *   of seconds
 */
async function unacknowledged(): Promise<number> {
  const queues = await stack.broker.list<{ name: string; messages?: number }>('queues');
  return queues.find(({ name }) => name === QUEUE)?.messages ?? NaN;
}

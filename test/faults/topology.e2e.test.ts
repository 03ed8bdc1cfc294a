/**
 * Queues and exchanges are purged, deleted and filled while orders of all kinds are in flight. What was lost is sent
 * again, what was deleted is declared again, and every order ends right by nobody's help, within the bound that stands
 * at each fault.
 */
import { connect, type Channel, type ChannelModel } from 'amqplib';
import type { SagaView } from 'saga-core';
import { takeDeadLetters } from '../support/dead-letters.js';
import { get, post } from '../support/http.js';
import { loadEndedRight, startLoad, type Load, type OrderKind } from '../support/load.js';
import { LONG_FORM } from '../support/long-form.js';
import { orders, violationsOfOrders, type PlacedOrder } from '../support/orders.js';
import type { ServiceName } from '../support/service-process.js';
import { startStack, type Stack } from '../support/stack.js';
import { waitFor } from '../support/wait-for.js';

const KINDS: readonly OrderKind[] = ['good', 'overLimit', 'unknownDish', 'suspended'];
const REPLIES = 'create_order_saga.responses';

let stack: Stack;
let connection: ChannelModel;
let admin: Channel;
beforeAll(async () => {
  stack = await startStack('topology');
  connection = await connect(stack.broker.amqpUrl);
  admin = await connection.createChannel();
}, 60_000);
afterAll(async () => {
  await connection.close();
  await stack.stop();
}, 60_000);

/** Lets messages pile up while nobody consumes a queue, and purges it. */
async function purgeWhileDown(name: ServiceName, queue: string): Promise<void> {
  stack.service(name).kill();
  await stack.service(name).exited;
  await waitFor(`messages in ${queue}`, async () => (await admin.checkQueue(queue)).messageCount > 0);
  expect((await admin.purgeQueue(queue)).messageCount).toBeGreaterThan(0);
  await stack.replace(name);
}

/** Asked on a channel of its own: the answer no closes it. */
async function isConsumed(queue: string): Promise<boolean> {
  const own = await connection.createChannel();
  own.on('error', () => undefined);
  return own.checkQueue(queue).then(
    ({ consumerCount }) => own.close().then(() => consumerCount > 0),
    () => false,
  );
}

/** Orders of all kinds go on while this happens, and then end right. @param withinMs - from the end of the fault */
async function underLoad(fault: (load: Load) => Promise<unknown>, withinMs: number): Promise<void> {
  const load = startLoad(() => stack.url('order-service'), KINDS);
  try {
    await load.untilTaken(2);
    await fault(load);
    const { statuses } = await loadEndedRight(stack, load, withinMs);
    expect(Object.keys(statuses).sort()).toEqual([...KINDS].sort());
    await approved();
  } finally {
    await load.stop();
  }
}

async function approved(): Promise<void> {
  const wait = { prefer: 'wait=20' };
  const { status, body } = await post<PlacedOrder>(`${stack.url('order-service')}/orders`, orders.good, wait);
  // The whole body, so that a failure names the rejection.
  expect({ status, body }).toMatchObject({ status: 201, body: { status: 'APPROVED' } });
}

const noDeadLetters = async (): Promise<void> => {
  const counts = Object.entries(await stack.broker.messageCounts());
  expect(counts.filter(([queue, count]) => queue.endsWith('.dead') && count > 0)).toEqual([]);
};

/** @returns each binding but those of the default exchange, in order */
async function bindings(): Promise<string[]> {
  const all = await stack.broker.list<{ source: string; destination: string; routing_key: string }>('bindings');
  return all
    .filter(({ source }) => source !== '')
    .map(({ source, destination, routing_key }) => `${source} ${routing_key} ${destination}`)
    .sort();
}

const EXCHANGES = ['saga.commands', REPLIES, 'saga.dead'];

interface Loss {
  readonly what: string;
  readonly withinMs: number;
  strike(): Promise<unknown>;
}

const LOSSES: readonly Loss[] = [
  {
    what: 'commands and replies are purged',
    // A reply timeout of 10 s dictates the bound; only a ticket's is 2 s.
    withinMs: 15_000,
    strike: async () => {
      await purgeWhileDown('accounting-service', 'accounting_service.commands');
      await purgeWhileDown('order-service', REPLIES);
    },
  },
  {
    what: 'queues are deleted under their consumers',
    // Declared again after a second, because the broker cancels the consumer; what lay in them is sent again after 10 s
    // at most.
    withinMs: 15_000,
    strike: async () => {
      const queues = ['consumer_service.commands', REPLIES];
      await Promise.all(queues.map((queue) => admin.deleteQueue(queue)));
      // One fault after the other.
      for (const queue of queues) await waitFor(`${queue} to be consumed again`, () => isConsumed(queue));
    },
  },
  {
    what: 'exchanges are deleted, of which nobody is told',
    // Once they are back: a participant remembers for 5 s that there was none, and what it refused meanwhile is sent
    // again after 10 s.
    withinMs: 20_000,
    strike: async () => {
      const before = await bindings();
      for (const exchange of EXCHANGES) await admin.deleteExchange(exchange);
      // Whoever misses an exchange declares it. Each service binds its own queue, and looks for that every 5 s.
      await waitFor('all bindings to be back', async () => (await bindings()).join() === before.join());
    },
  },
];
const ALL_OF_IT: Loss = {
  what: LOSSES.map(({ what }) => what).join(', '),
  withinMs: Math.max(...LOSSES.map(({ withinMs }) => withinMs)),
  strike: async () => {
    for (const loss of LOSSES) await loss.strike();
  },
};

test.each(LONG_FORM ? LOSSES : [ALL_OF_IT])(
  '$what: what was lost is sent again, what is missing is declared again',
  async ({ withinMs, strike }) => {
    await underLoad(strike, withinMs);
    // While there was no exchange for replies, commands could not be answered; nothing else may be a dead letter.
    const counts = await stack.broker.messageCounts();
    for (const service of ['consumer', 'restaurant', 'accounting']) {
      const queue = `${service}_service.commands`;
      const causes = await takeDeadLetters(stack.broker.amqpUrl, queue, counts[`${queue}.dead`]!);
      expect(Object.keys(causes).filter((cause) => cause !== 'REPLY_ADDRESS_REFUSED')).toEqual([]);
    }
    await noDeadLetters();
  },
  120_000,
);

const historyOf = async ({ sagaId }: PlacedOrder): Promise<SagaView['history']> =>
  (await get<SagaView>(`${stack.url('order-service')}/sagas/${sagaId}`)).body.history;
const unroutable = async (order: PlacedOrder, step: string): Promise<number> =>
  (await historyOf(order)).filter((entry) => entry.code === 'UNROUTABLE' && entry.step === step).length;

/** Ends a participant, and its queue with it. */
async function remove(name: ServiceName, queue: string): Promise<void> {
  stack.service(name).kill();
  await stack.service(name).exited;
  await admin.deleteQueue(queue);
}

test('a command after the pivot that no queue takes is tried until there is one', async () => {
  stack.service('accounting-service').kill();
  const { body: order } = await post<PlacedOrder>(`${stack.url('order-service')}/orders`, orders.good);
  const sagaOf = async () => (await get<SagaView>(`${stack.url('order-service')}/sagas/${order.sagaId}`)).body;
  await waitFor('the ticket', async () => (await sagaOf()).step === 'accounting_service.authorize_card');
  await remove('restaurant-service', 'restaurant_service.commands');
  await stack.replace('accounting-service');
  const step = 'restaurant_service.approve_ticket';
  await waitFor('two attempts in vain', async () => (await unroutable(order, step)) >= 2);
  await stack.replace('restaurant-service');
  // Its pause by then dictates the bound: 0.2 s, doubled by each attempt.
  await waitFor('the end', async () => (await sagaOf()).status === 'completed', 15_000);
  expect(await violationsOfOrders(stack)).toEqual([]);
}, 60_000);

test('a command before the pivot that no queue takes is tried three times, and the order is rejected for it', async () => {
  await remove('consumer-service', 'consumer_service.commands');
  const wait = { prefer: 'wait=20' };
  const { body: order } = await post<PlacedOrder>(`${stack.url('order-service')}/orders`, orders.good, wait);
  expect(order).toMatchObject({ status: 'REJECTED', rejection: { code: 'UNROUTABLE' } });
  expect(await unroutable(order, 'consumer_service.verify_consumer_details')).toBeGreaterThanOrEqual(3);
  await stack.replace('consumer-service');
  await approved();
  expect(await violationsOfOrders(stack)).toEqual([]);
}, 60_000);

describe('a dead letter', () => {
  const QUEUE = 'restaurant_service.commands';
  const DEAD = `${QUEUE}.dead`;
  const send = (body: string): void =>
    void admin.publish('saga.commands', 'restaurant_service.create_ticket', Buffer.from(body), { persistent: true });
  const complained = (text: string): number => stack.service('restaurant-service').output().split(text).length - 1;

  test('waits while its queue is missing, and holds up nobody', async () => {
    // Back after 5 s at most, and tried again after 3 s.
    await underLoad(async () => {
      await admin.deleteQueue(DEAD);
      send('not JSON, 1');
      await waitFor('the loss to be noticed', async () => {
        // It is declared again by the participant: without its binding, it is missing still.
        await admin.unbindQueue(DEAD, 'saga.dead', QUEUE).catch(() => undefined);
        return complained('a dead letter finds no room') > 0;
      });
      send('not JSON, 2');
      await approved();
      await waitFor('both letters', async () => (await stack.broker.messageCounts())[DEAD] === 2);
    }, 15_000);
    expect(await takeDeadLetters(stack.broker.amqpUrl, QUEUE, 2)).toEqual({ UNPARSEABLE: 2 });
  }, 90_000);

  test('waits while its queue is full, until somebody has read what lies there', async () => {
    let sent = 0;
    // Tried again every 3 s; orders do not wait for it.
    await underLoad(async (load) => {
      await stack.broker.setPolicy(DEAD, { 'max-length': 1 });
      const full = () => complained('is the queue full?');
      while (full() === 0) {
        send(`not JSON, ${++sent}`);
        const kept = async () => (await admin.checkQueue(DEAD)).messageCount >= sent;
        await waitFor('the letter to be kept or refused', async () => full() > 0 || (await kept()));
      }
      await load.untilTaken(1);
      send(`not JSON, ${++sent}`);
      expect(await takeDeadLetters(stack.broker.amqpUrl, QUEUE, sent)).toEqual({ UNPARSEABLE: sent });
      await stack.broker.setPolicy(DEAD, null);
    }, 15_000);
  }, 90_000);
});

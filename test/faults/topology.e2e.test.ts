/**
 * Queues and exchanges are purged, deleted and filled while orders of all kinds are in flight. What was lost is sent again, what was deleted is declared
 * again, and every order ends right within 15 s of the loss, by nobody's help. What dictates the bound: a message that was lost is missed when its step's
 * reply timeout (10 s, for a ticket 2 s) has passed; what was deleted is back within the 5 s in which each process declares its topology again, and an
 * attempt that met nothing is repeated after at most 6.4 s, its pause by then.
 */
import { connect, type Channel, type ChannelModel } from 'amqplib';
import pg from 'pg';
import { takeDeadLetters } from '../support/dead-letters.js';
import { get, post } from '../support/http.js';
import { loadEndedRight, startLoad, type OrderKind } from '../support/load.js';
import { orders, type PlacedOrder } from '../support/orders.js';
import type { ServiceName } from '../support/service-process.js';
import { startStack, type Stack } from '../support/stack.js';
import { waitFor } from '../support/wait-for.js';

const HEALED_WITHIN_MS = 15_000;
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

const isMissing = async (what: 'Queue' | 'Exchange', name: string): Promise<boolean> => {
  const own = await connection.createChannel();
  own.on('error', () => undefined);
  return (what === 'Queue' ? own.checkQueue(name) : own.checkExchange(name)).then(
    async () => {
      await own.close();
      return false;
    },
    () => true,
  );
};

test.each<[string, () => Promise<unknown>]>([
  ['commands are purged', () => purgeWhileDown('accounting-service', 'accounting_service.commands')],
  ['replies are purged', () => purgeWhileDown('order-service', REPLIES)],
  ['a command queue is deleted', () => admin.deleteQueue('consumer_service.commands')],
  ['the reply queue is deleted', () => admin.deleteQueue(REPLIES)],
  ['the command exchange is deleted', () => admin.deleteExchange('saga.commands')],
  ['the reply exchange is deleted', () => admin.deleteExchange(REPLIES)],
])(
  '%s, and every order ends right',
  async (_what, fault) => {
    const load = startLoad(() => stack.url('order-service'), KINDS);
    try {
      await load.untilTaken(2);
      await fault();
      const { statuses, tookMs } = await loadEndedRight(stack, load, HEALED_WITHIN_MS);
      expect(Object.keys(statuses).sort()).toEqual([...KINDS].sort());
      process.stdout.write(`healed in ${Math.round(tookMs)} ms\n`);
      const { status, body } = await post<PlacedOrder>(`${stack.url('order-service')}/orders`, orders.good, {
        prefer: 'wait=20',
      });
      expect([status, body.status]).toEqual([201, 'APPROVED']);
    } finally {
      await load.stop();
    }
  },
  90_000,
);

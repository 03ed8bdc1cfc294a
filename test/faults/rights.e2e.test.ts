/**
 * RabbitMQ users who may do no more than their service needs, and a command that asks for its reply where the
 * participant may not write.
 */
import { connect } from 'amqplib';
import { expectHealed, placeBatch } from '../support/batch.js';
import { takeDeadLetters } from '../support/dead-letters.js';
import { scrape } from '../support/metrics.js';
import { heardFrom, type ServiceName } from '../support/service-process.js';
import { startStack, type Stack } from '../support/stack.js';
import { uuidOf } from '../support/uuid.js';

/** The rights that docs/rabbitmq-rights.md gives to each service, when the topology is there. */
const WRITES: Readonly<Record<ServiceName, string>> = {
  'order-service': '^saga\\.(commands|dead)$',
  'consumer-service': '^(create_order_saga\\.responses|saga\\.dead)$',
  'restaurant-service': '^(create_order_saga\\.responses|saga\\.dead)$',
  'accounting-service': '^(create_order_saga\\.responses|saga\\.dead)$',
};
const READS: Readonly<Record<ServiceName, string>> = {
  'order-service': '^create_order_saga\\.responses$',
  'consumer-service': '^consumer_service\\.commands$',
  'restaurant-service': '^restaurant_service\\.commands$',
  'accounting-service': '^accounting_service\\.commands$',
};
const FORBIDDEN = 'other_saga.responses';
const QUEUE = 'consumer_service.commands';

let stack: Stack;
beforeAll(async () => {
  // The first processes declare everything, as a deployment does.
  stack = await startStack('rights');
  for (const name of Object.keys(WRITES) as ServiceName[]) {
    const AMQP_URL = await stack.broker.createUser({ configure: '^$', write: WRITES[name], read: READS[name] });
    await stack.replace(name, { AMQP_URL, DECLARE_TOPOLOGY: 'false' });
  }
}, 90_000);
afterAll(() => stack.stop(), 60_000);

test('without any right that it does not need, each service works', async () => {
  await expectHealed(stack, await placeBatch(stack, 3));
  // To count dead letters takes no right: of the three participants, and of the replies.
  const samples = await scrape(stack.url('order-service'));
  expect(samples.filter(({ name }) => name === 'saga_dead_letters_waiting')).toHaveLength(4);
}, 60_000);

test('a reply that may not be written where the command wants it costs the channel once, and not the orders', async () => {
  const heard = heardFrom(stack.service('consumer-service'));
  const connection = await connect(stack.broker.amqpUrl);
  try {
    const channel = await connection.createConfirmChannel();
    await channel.assertExchange(FORBIDDEN, 'topic', { durable: true });
    const body = Buffer.from(JSON.stringify({ consumerId: 70, orderId: uuidOf(Date.now()) }));
    const address = { persistent: true, replyTo: FORBIDDEN, correlationId: `${uuidOf(Date.now())}:1` };
    channel.publish('saga.commands', 'consumer_service.verify_consumer_details', body, address);
    await channel.waitForConfirms();
  } finally {
    await connection.close();
  }
  const placing = placeBatch(stack, 3);
  expect(await takeDeadLetters(stack.broker.amqpUrl, QUEUE, 1)).toEqual({ REPLY_ADDRESS_REFUSED: 1 });
  await expectHealed(stack, await placing);
  expect(heard(/access to exchange/)).toBe(true);
}, 60_000);

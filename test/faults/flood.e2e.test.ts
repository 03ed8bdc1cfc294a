/** Floods of messages that are of no use: they are dealt with, and the logs stay readable. */
import { randomUUID } from 'node:crypto';
import { connect } from 'amqplib';
import { post } from '../support/http.js';
import { orders } from '../support/orders.js';
import { startStack, type Stack } from '../support/stack.js';
import { waitFor } from '../support/wait-for.js';

const MANY = 5_000;
const REPLIES = 'create_order_saga.responses';
const COMMANDS = 'restaurant_service.commands';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack('flood');
}, 60_000);
afterAll(() => stack.stop(), 60_000);

async function publish(exchange: string, routingKey: string, body: string, count: number): Promise<void> {
  const connection = await connect(stack.broker.amqpUrl);
  const channel = await connection.createConfirmChannel();
  for (let number = 0; number < count; number++)
    channel.publish(exchange, routingKey, Buffer.from(body), { correlationId: `${randomUUID()}:1` });
  await channel.waitForConfirms();
  await connection.close();
}

const linesOf = (service: 'order-service' | 'restaurant-service', text: string): string[] =>
  stack
    .service(service)
    .output()
    .split('\n')
    .filter((line) => line.includes(text));

test('rubbish in each queue is dead-lettered, replies to no saga are dropped, and there are few lines about each', async () => {
  await Promise.all([
    publish('saga.commands', 'restaurant_service.burn_down', '{}', MANY),
    publish(REPLIES, 'restaurant_service.create_ticket.response.success', 'no JSON', MANY),
    publish(REPLIES, 'restaurant_service.create_ticket.response.success', '{"ticketId":"7"}', MANY),
  ]);
  await waitFor(
    'the floods to be over',
    async () => {
      const counts = await stack.broker.messageCounts();
      return counts[`${COMMANDS}.dead`] === MANY && counts[`${REPLIES}.dead`] === MANY && counts[REPLIES] === 0;
    },
    60_000,
  );
  const about = [
    ...linesOf('restaurant-service', 'a message cannot be answered and is dead-lettered'),
    ...linesOf('order-service', 'a message that is no reply is dead-lettered'),
    ...linesOf('order-service', 'a reply to a saga that does not exist, or was purged, is ignored'),
  ];
  expect(about.length).toBeGreaterThanOrEqual(3);
  expect(about.length).toBeLessThan(30);
  // The first of each names what it was.
  expect(about[0]).toMatch(/UNKNOWN_TASK.*correlationId/);
  expect(about.at(-1)).toContain('sagaId');

  const { body } = await post<{ status: string }>(`${stack.url('order-service')}/orders`, orders.good, {
    prefer: 'wait=30',
  });
  expect(body.status).toBe('APPROVED');
}, 120_000);

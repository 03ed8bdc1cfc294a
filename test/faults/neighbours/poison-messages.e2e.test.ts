/**
 * Single messages that stopped a service for good: what a client library reads and cannot write, headers that are
 * nested without end, replies that may not be written. Each comes to an end that people see, alone; orders beside it
 * end as if it were not there, and no connection is lost for it.
 */
import { connect, type ChannelModel, type ConfirmChannel } from 'amqplib';
import { takeDeadLetters } from '../../support/dead-letters.js';
import { get, post } from '../../support/http.js';
import { scrape } from '../../support/metrics.js';
import { nestedHeaders, sendNested } from '../../support/nested-headers.js';
import { orders, violationsOfOrders, type PlacedOrder } from '../../support/orders.js';
import { heardFrom, type ServiceName } from '../../support/service-process.js';
import { startStack, type Stack } from '../../support/stack.js';
import { uuidOf } from '../../support/uuid.js';
import { waitFor } from '../../support/wait-for.js';

const COMMANDS = 'restaurant_service.commands';
const REPLIES = 'create_order_saga.responses';
const CREATE = 'restaurant_service.create_ticket';
/**
 * No step waits for longer than two seconds for its reply, so that an order which had to be told twice would take more.
 */
const PROMPT_MS = 5_000;
const DISTURBED = /lost or refused|a batch could not be handled/;

let stack: Stack;
let connection: ChannelModel;
let channel: ConfirmChannel;
beforeAll(async () => {
  stack = await startStack('poison');
  connection = await connect(stack.broker.amqpUrl);
  sendNested(connection);
  channel = await connection.createConfirmChannel();
}, 60_000);
afterAll(async () => {
  await connection.close();
  await stack.stop();
}, 60_000);

async function approved(): Promise<void> {
  const { body } = await post<PlacedOrder>(`${stack.url('order-service')}/orders`, orders.good, { prefer: 'wait=20' });
  expect(body.status).toBe('APPROVED');
}

const double = (value: number) => ({ '!': 'double', value });
const POISON: readonly (readonly [string, Record<string, unknown>, string?])[] = [
  ['a number beyond 64 bits', { bad: double(-1e300) }],
  ['half a number beyond 2⁵⁰', { bad: double(2 ** 50 + 0.5) }],
  ['the least number that the broker takes', { bad: double(-Number.MAX_VALUE) }],
  ['a moment that never was', { bad: { '!': 'timestamp', value: 2 ** 63 } }],
  ['a decimal', { bad: { '!': 'decimal', value: { places: 255, digits: 2 ** 32 - 1 } } }],
  ['a trapdoor of the client library', { bad: { deeper: { '!': 'int8', value: 5 }, value: 300 } }],
  ['headers of 64 KiB', { bad: 'x'.repeat(65_000) }],
  ['arrays in arrays', nestedHeaders(5_000), 'UNREADABLE_HEADERS'],
  ['tables in tables', nestedHeaders(5_000, 'nestedTables'), 'UNREADABLE_HEADERS'],
];

test.each<[string, ServiceName, string, string, string, string]>([
  ['a command queue', 'restaurant-service', COMMANDS, 'saga.commands', CREATE, 'UNPARSEABLE'],
  ['the reply queue', 'order-service', REPLIES, REPLIES, `${CREATE}.response.success`, 'NOT_A_REPLY'],
])(
  'poison in the headers of messages to %s is dead-lettered, and nothing else happens',
  async (_what, name, queue, exchange, routingKey, cause) => {
    const heard = heardFrom(stack.service(name));
    const due: Record<string, number> = {};
    const ended = Promise.all([approved(), approved()]);
    for (const [, headers, causeOfThis = cause] of POISON) {
      const properties = { persistent: true, correlationId: `${uuidOf(Date.now())}:1`, headers };
      channel.publish(exchange, routingKey, Buffer.from('not JSON'), properties);
      due[causeOfThis] = (due[causeOfThis] ?? 0) + 1;
    }
    await channel.waitForConfirms();
    const begun = performance.now();
    await approved();
    expect(performance.now() - begun).toBeLessThan(PROMPT_MS);
    await ended;
    const letters = `${stack.url('order-service')}/dead-letters/${queue}`;
    await waitFor('the letters to be seen', async () => {
      const { status, body } = await get<{ items: object[] }>(letters);
      return status === 200 && body.items.length === POISON.length;
    });
    expect(await takeDeadLetters(stack.broker.amqpUrl, queue, POISON.length)).toEqual(due);
    expect(heard(DISTURBED)).toBe(false);
    expect(await violationsOfOrders(stack)).toEqual([]);
  },
  60_000,
);

test('letters whose headers nobody can read are seen, sent no further, and thrown away', async () => {
  for (let letter = 0; letter < 3; letter++)
    channel.publish('saga.dead', COMMANDS, Buffer.from('{}'), { persistent: true, headers: nestedHeaders(5_000) });
  await channel.waitForConfirms();
  const letters = `${stack.url('order-service')}/dead-letters/${COMMANDS}`;
  const act = { operator: 'ann', reason: 'nobody can read them' };
  const { body: seen } = await get<{ items: { replayable: boolean; headers: object }[] }>(letters);
  expect(seen.items.map(({ replayable }) => replayable)).toEqual([false, false, false]);
  expect(seen.items[0]!.headers).toEqual({ 'x-unreadable-headers': expect.stringMatching(/nested/) });
  expect((await post(`${letters}/replay`, act)).body).toEqual({ done: 0, kept: 3 });
  expect((await post(`${letters}/discard`, act)).body).toEqual({ done: 3, kept: 0 });
}, 60_000);

test('a reply under a topic that may not be written is refused alone, and counted', async () => {
  const AMQP_URL = await stack.broker.createUser({
    configure: '^$',
    write: '^(create_order_saga\\.responses|saga\\.dead)$',
    read: '^consumer_service\\.commands$',
  });
  await stack.broker.limitTopics(REPLIES, '.*\\.success');
  await stack.replace('consumer-service', { AMQP_URL, DECLARE_TOPOLOGY: 'false' });
  const consumer = stack.service('consumer-service');
  const heard = heardFrom(consumer);
  const { body: guilty } = await post<PlacedOrder>(`${stack.url('order-service')}/orders`, orders.suspended);
  const refused = async (): Promise<number> =>
    (await scrape(consumer.url()))
      .filter(({ name, labels }) => name === 'saga_published_total' && labels.fate === 'refused')
      .reduce((sum, { value }) => sum + value, 0);
  for (let order = 0; order < 5; order++) await approved();
  await waitFor('the refusal to be counted', async () => (await refused()) > 0);
  await approved();
  expect(heard(/refused for user/)).toBe(true);
  expect(heard(DISTURBED)).toBe(false);
  // It is asked for three times, ten seconds each, and then given up.
  const statusOf = async () =>
    (await get<PlacedOrder>(`${stack.url('order-service')}/orders/${guilty.id}`)).body.status;
  await waitFor('its end', async () => (await statusOf()) === 'REJECTED', 60_000);
  expect(await violationsOfOrders(stack)).toEqual([]);
}, 120_000);

/** How a transport begins, and begins again: with a broker that is away, does not answer, or ends each connection. */
import { setTimeout as delay } from 'node:timers/promises';
import pino from 'pino';
import { startAmqpProxy } from '../../../../test/support/amqp-proxy.js';
import { createTestBroker, type TestBroker } from '../../../../test/support/broker.js';
import { waitFor } from '../../../../test/support/wait-for.js';
import { CONSTANTS } from '../settings.js';
import { connectTransport, type RabbitTransport } from './rabbit-transport.js';
import { participantTopology } from './topology.js';

const logger = pino({ level: 'silent' });
const QUEUE = 'hotel.commands';
const DECLARES: readonly (readonly [number, number])[] = [
  [40, 11],
  [50, 11],
  [50, 21],
];

/** How long the broker may take to answer here: less than usual, so that the test takes less. */
const ANSWER_MS = 3_000;

let broker: TestBroker;
beforeAll(async () => {
  broker = await createTestBroker('beginnings');
}, 60_000);
afterAll(() => broker.drop(), 60_000);

function consuming(url: string): { transport: RabbitTransport; seen: string[]; isRunning: () => boolean } {
  const transport = connectTransport({ urls: [url], name: 'beginnings', logger });
  transport.use(participantTopology('hotel'));
  const seen: string[] = [];
  const handleBatch = async (batch: readonly { body: Buffer }[]) =>
    void seen.push(...batch.map(({ body }) => String(body)));
  const consumer = transport.consume({ queue: QUEUE, prefetch: 10, maxBatchSize: 10, handleBatch });
  return { transport, seen, isRunning: () => consumer.isRunning() };
}
const command = (body: string) => ({
  exchange: 'saga.commands',
  routingKey: 'hotel.book',
  headers: {},
  body: Buffer.from(body),
});

it('is ready once its queues are there and consumed, and it can publish', async () => {
  const { transport, seen } = consuming(broker.amqpUrl);
  await transport.untilReady(new AbortController().signal);
  expect(await transport.publish([command('1')])).toEqual(['confirmed']);
  await waitFor('the command', () => seen.length === 1);
  await transport.close();
});

it('waits for a broker that is away, until it is to wait no longer', async () => {
  const { transport, isRunning } = consuming('amqp://127.0.0.1:1');
  const waiting = new AbortController();
  let isOver = false;
  const until = transport.untilReady(waiting.signal).then(() => (isOver = true));
  await delay(100);
  expect([isOver, transport.isReady(), isRunning()]).toEqual([false, false, false]);
  waiting.abort();
  await until;
  await transport.close();
});

it('consumes though nothing answers to what it declares, and goes on doing so', async () => {
  const settings: { brokerAnswerTimeoutMs: number } = CONSTANTS;
  const answer = jest.replaceProperty(settings, 'brokerAnswerTimeoutMs', ANSWER_MS);
  const owner = consuming(broker.amqpUrl);
  await owner.transport.untilReady(new AbortController().signal);
  await owner.transport.close();
  const proxy = await startAmqpProxy(broker.amqpUrl, {
    keeps: (...method) => DECLARES.some((declare) => String(declare) === String(method)),
  });
  const { transport, seen } = consuming(proxy.url);
  await waitFor('the way to publish', () => transport.canPublish());
  await transport.publish([command('1')]);
  // A node that stands still is noticed within thirteen seconds; what follows must take no more than two.
  await waitFor('the command', () => seen.includes('1'));
  // Longer than it waits for an answer: that none came is no reason to begin anew.
  await delay(ANSWER_MS + 1_000);
  await transport.publish([command('2')]);
  await waitFor('the next', () => seen.includes('2'));
  expect(proxy.connections()).toBe(2);
  answer.restore();
  await transport.close();
  await proxy.close();
}, 60_000);

it('tries more and more seldom when each connection ends soon after it began', async () => {
  const proxy = await startAmqpProxy(broker.amqpUrl, { endsAfterMs: 200 });
  const { transport } = consuming(proxy.url);
  await delay(6_000);
  // Of two connections each: 0.1 s, 0.2 s, 0.4 s, 0.8 s, 1.6 s, 3 s apart, and 0.2 s up.
  expect(proxy.connections()).toBeLessThanOrEqual(14);
  await transport.close();
  await proxy.close();
}, 30_000);

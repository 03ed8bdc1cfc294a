/** Publications that fail, and messages that cannot be read, on a real broker: they concern themselves. */
import { connect, type ChannelModel, type ConfirmChannel } from 'amqplib';
import pino from 'pino';
import { createTestBroker, type TestBroker } from '../../../../test/support/broker.js';
import { nestedHeaders, sendNested } from '../../../../test/support/nested-headers.js';
import { waitFor } from '../../../../test/support/wait-for.js';
import { encodeJson, UNREADABLE_HEADERS, type IncomingMessage, type OutgoingMessage } from '../contract/message.js';
import { connectTransport, type RabbitTransport } from './rabbit-transport.js';
import { orchestratorTopology, participantTopology } from './topology.js';

const SAGA = 'trip_saga.responses';
const QUEUE = 'hotel.commands';
const logger = pino({ level: 'silent' });
const FOREVER = new AbortController().signal;

let broker: TestBroker;
let connection: ChannelModel;
let channel: ConfirmChannel;
let owner: RabbitTransport;
beforeAll(async () => {
  broker = await createTestBroker('publications');
  connection = await connect(broker.amqpUrl);
  sendNested(connection);
  channel = await connection.createConfirmChannel();
  owner = connectTransport({ urls: [broker.amqpUrl], name: 'owner', logger });
  owner.use(participantTopology('hotel'));
  owner.use(orchestratorTopology('trip_saga'));
  await owner.untilReady(FOREVER);
}, 60_000);
afterAll(async () => {
  await owner.close();
  await connection.close();
  await broker.drop();
}, 60_000);

const reply = (task: string, body: unknown = {}, outcome = 'success'): OutgoingMessage => ({
  exchange: SAGA,
  routingKey: `${task}.response.${outcome}`,
  correlationId: 'c1',
  headers: {},
  body: encodeJson(body),
});
const countIn = async (queue: string) => (await channel.checkQueue(queue)).messageCount;
/** Runs with a transport of a user who may do so much. */
async function withRights(
  rights: Parameters<TestBroker['createUser']>[0],
  work: (transport: RabbitTransport, warnings: () => object[]) => Promise<void>,
): Promise<void> {
  const lines: object[] = [];
  const heard = pino({ level: 'warn' }, { write: (line: string) => void lines.push(JSON.parse(line) as object) });
  const url = await broker.createUser(rights);
  const transport = connectTransport({ urls: [url], name: 'limited', logger: heard, declare: false });
  try {
    await transport.untilReady(FOREVER);
    await work(transport, () => lines);
  } finally {
    await transport.close();
  }
}
const lost = (lines: object[]) => lines.filter((line) => (line as { msg: string }).msg.includes('lost or refused'));

it('refuses what may not be written to one topic, and keeps its connection for all else', async () => {
  await channel.purgeQueue(SAGA);
  await withRights({ configure: '^$', write: `^(${SAGA}|saga\\.dead)$`, read: '^$' }, async (transport, lines) => {
    await broker.limitTopics(SAGA, 'hotel\\.book\\..*');
    const many = Array.from({ length: 50 }, (_, n) => reply('hotel.book', { n }));
    const forbidden = reply('hotel.cancel');
    expect(await transport.publish([...many, forbidden, ...many])).toEqual([
      ...many.map(() => 'confirmed'),
      'refused',
      ...many.map(() => 'confirmed'),
    ]);
    expect(await transport.publish([forbidden, reply('hotel.book')])).toEqual(['refused', 'confirmed']);
    expect(await transport.canPublishTo(SAGA)).toBe(true);
    expect(lost(lines())).toEqual([]);
  });
  await channel.purgeQueue(SAGA);
}, 60_000);

it('refuses what may not be written to an exchange, and remembers that it cannot be used', async () => {
  await channel.assertExchange('other_saga.responses', 'topic');
  await withRights({ configure: '^$', write: `^${SAGA}$`, read: '^$' }, async (transport, lines) => {
    expect(await transport.canPublishTo('other_saga.responses')).toBe(true);
    const other = { ...reply('hotel.book'), exchange: 'other_saga.responses' };
    expect(await transport.publish([reply('hotel.book'), other])).toEqual(['confirmed', 'refused']);
    expect(await transport.canPublishTo('other_saga.responses')).toBe(false);
    expect(lost(lines())).toEqual([]);
  });
  await channel.purgeQueue(SAGA);
}, 60_000);

it('refuses what a full queue does not take', async () => {
  await broker.setPolicy(SAGA, { 'max-length': 1 });
  const first = await waitFor('a refusal', async () => {
    const fates = await owner.publish([reply('hotel.book'), reply('hotel.book')]);
    return fates.includes('refused') && fates;
  });
  expect(first).toContain('refused');
  await broker.setPolicy(SAGA, null);
  await channel.purgeQueue(SAGA);
  await waitFor('room', async () => (await owner.publish([reply('hotel.book')]))[0] === 'confirmed');
  expect(owner.isReady()).toBe(true);
  await channel.purgeQueue(SAGA);
}, 60_000);

it('refuses what is larger than the broker takes', async () => {
  const huge = { ...reply('hotel.book'), body: Buffer.alloc(140 * 1_048_576) };
  expect(await owner.publish([reply('hotel.book'), huge, reply('hotel.book')])).toEqual([
    'confirmed',
    'refused',
    'confirmed',
  ]);
  expect(owner.isReady()).toBe(true);
  await channel.purgeQueue(SAGA);
}, 60_000);

it('declares an exchange of its own again that somebody has deleted, and refuses nothing for it', async () => {
  await channel.deleteExchange(SAGA);
  expect(await owner.publish([reply('hotel.book')])).toEqual(['confirmed']);
  await channel.purgeQueue(SAGA);
});

it.each(['nestedArrays', 'nestedTables'] as const)(
  'reads a message with %s without its headers, at once, and the next to it too',
  async (kind) => {
    const seen: IncomingMessage[] = [];
    const consumer = owner.consume({
      queue: QUEUE,
      prefetch: 10,
      maxBatchSize: 10,
      handleBatch: async (batch) => void seen.push(...batch),
    });
    await owner.untilReady(FOREVER);
    const headers = nestedHeaders(5_000, kind);
    channel.publish('saga.commands', 'hotel.book', Buffer.from('1'), { correlationId: 'guilty', headers });
    channel.publish('saga.commands', 'hotel.book', Buffer.from('2'), { headers: { a: 1 } });
    await channel.waitForConfirms();
    await waitFor('both', () => seen.length === 2);
    expect(seen.map(({ body, headers, redelivered }) => [body.toString(), headers, redelivered])).toEqual([
      ['1', { [UNREADABLE_HEADERS]: expect.stringMatching(/nested/) }, false],
      ['2', { a: 1 }, false],
    ]);
    expect(seen[0]!.correlationId).toBe('guilty');
    await consumer.stop();
  },
);

it('looks at letters whose headers are nested without end, and at what lies behind them', async () => {
  for (const [body, headers] of [
    ['1', nestedHeaders(5_000)],
    ['2', { 'x-cause': 'UNPARSEABLE' }],
  ] as const)
    channel.publish('saga.dead', QUEUE, Buffer.from(body), { persistent: true, headers });
  await channel.waitForConfirms();
  const { letters } = await owner.deadLetters.peek(QUEUE, 10);
  expect(letters.map(({ body, cause }) => [body.toString(), cause])).toEqual([
    ['1', 'unknown'],
    ['2', 'UNPARSEABLE'],
  ]);
  expect((await owner.deadLetters.discard(QUEUE, null)).done).toHaveLength(2);
  expect(await owner.deadLetters.peek(SAGA, 10)).toEqual({ letters: [], count: 0 });
}, 30_000);

it('bounds a queue of dead letters, and leaves one as it is that is there in an older form', async () => {
  const older = 'older.commands.dead';
  await channel.assertQueue(older, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  owner.use(participantTopology('older'));
  await owner.untilReady(FOREVER);
  expect(await countIn(older)).toBe(0);
  expect(owner.isReady()).toBe(true);
  const queues = await broker.list<{ name: string; arguments: Record<string, unknown> }>('queues');
  const lengthOf = (name: string) => queues.find((queue) => queue.name === name)?.arguments['x-max-length'];
  expect([lengthOf(`${QUEUE}.dead`), lengthOf(older)]).toEqual([100_000, undefined]);
});

/** What a consumer acknowledges, and when, while some of what it took is not done. */
import { connect, type ChannelModel } from 'amqplib';
import pino from 'pino';
import { createTestBroker, type TestBroker } from '../../../../test/support/broker.js';
import { waitFor } from '../../../../test/support/wait-for.js';
import { encodeJson, type IncomingMessage } from '../contract/message.js';
import { connectTransport, type RabbitTransport } from './rabbit-transport.js';
import { participantTopology } from './topology.js';

const QUEUE = 'hotel.commands';

let broker: TestBroker;
let connection: ChannelModel;
let transport: RabbitTransport;
beforeAll(async () => {
  broker = await createTestBroker('consumer');
  connection = await connect(broker.amqpUrl);
  transport = connectTransport({ urls: [broker.amqpUrl], name: 'hotel', logger: pino({ level: 'silent' }) });
  transport.use(participantTopology('hotel'));
  await transport.untilReady(new AbortController().signal);
}, 60_000);
afterAll(async () => {
  await transport.close();
  await connection.close();
  await broker.drop();
}, 60_000);

const send = (name: string) =>
  transport.publish([
    { exchange: 'saga.commands', routingKey: 'hotel.book', correlationId: name, headers: {}, body: encodeJson({}) },
  ]);
const names = (batch: readonly IncomingMessage[]) => batch.map(({ correlationId }) => correlationId!);

/** @returns what opens the gate, and what waits for that */
function gate(): { open: () => void; opened: Promise<void> } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
}

/** @returns the names of what lies in the queue, once it is so many; it lies there no longer then */
async function stored(count: number): Promise<string[]> {
  const channel = await connection.createChannel();
  try {
    const found: string[] = [];
    await waitFor('what was given back', async () => {
      const message = await channel.get(QUEUE, { noAck: true });
      if (message) found.push(String(message.properties.correlationId));
      return found.length >= count;
    });
    expect(await channel.get(QUEUE, { noAck: true })).toBe(false);
    return found.sort();
  } finally {
    await channel.close();
  }
}

it('gives back what is not done when it is stopped, and acknowledges what it finished meanwhile', async () => {
  const [last, guilty] = [gate(), gate()];
  const seen: string[] = [];
  let stopped = false;
  const lateCalls: string[] = [];
  const consumer = transport.consume({
    queue: QUEUE,
    prefetch: 10,
    maxBatchSize: 1,
    handleBatch: async (batch) => {
      const [name] = names(batch);
      (stopped ? lateCalls : seen).push(name!);
      if (name === 'waits') return { later: batch };
      if (name === 'ends alone') {
        return { suspects: [{ messages: batch, handleIsolated: () => guilty.opened.then(() => []) }] };
      }
      if (name === 'fails alone') {
        const handleIsolated = async (): Promise<never> => {
          await guilty.opened;
          throw new Error('the database is away');
        };
        return { suspects: [{ messages: batch, handleIsolated }] };
      }
      await last.opened;
      return undefined;
    },
  });
  for (const name of ['waits', 'fails alone', 'ends alone', 'last']) await send(name);
  await waitFor('the last', () => seen.includes('last'));
  const stopping = consumer.stop();
  last.open();
  guilty.open();
  await stopping;
  stopped = true;
  expect(await stored(2)).toEqual(['fails alone', 'waits']);
  expect(lateCalls).toEqual([]);
}, 60_000);

it('has what is handled alone not handled beside that, also when it has waited before', async () => {
  const alone = gate();
  const seen: string[] = [];
  const consumer = transport.consume({
    queue: QUEUE,
    prefetch: 10,
    maxBatchSize: 10,
    handleBatch: async (batch) => {
      seen.push(...names(batch));
      const tries = seen.filter((name) => name === 'guilty').length;
      const guilty = batch.filter(({ correlationId }) => correlationId === 'guilty');
      const others = batch.filter((message) => !guilty.includes(message));
      if (guilty.length > 0 && tries > 1)
        return { later: others, suspects: [{ messages: guilty, handleIsolated: () => alone.opened.then(() => []) }] };
      return { later: batch };
    },
  });
  await send('guilty');
  await send('waits');
  // Whatever waits is tried a few times together: the other one tells that time has passed.
  await waitFor('the other', () => seen.filter((name) => name === 'waits').length === 4, 30_000);
  expect(seen.filter((name) => name === 'guilty')).toHaveLength(2);
  alone.open();
  await consumer.stop();
  expect(await stored(1)).toEqual(['waits']);
}, 60_000);

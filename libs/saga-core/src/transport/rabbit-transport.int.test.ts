import { connect, type Channel, type ChannelModel } from 'amqplib';
import pino from 'pino';
import { encodeJson, type IncomingMessage, type OutgoingMessage } from '../contract/message.js';
import { waitFor } from '../../../../test/support/wait-for.js';
import { describeTransport } from '../testing/port-suites/transport.suite.js';
import { connectTransport } from './rabbit-transport.js';
import { orchestratorTopology, participantTopology } from './topology.js';
import type { Transport } from './transport.js';

const url = process.env.TEST_AMQP_URL!;
const service = `hotel_${process.pid}_${Date.now() % 100_000}`;
const saga = `trip_saga_${process.pid}_${Date.now() % 100_000}`;
const queue = `${service}.commands`;

let transport: Transport;
let connection: ChannelModel;
let channel: Channel;

beforeAll(async () => {
  connection = await connect(url);
  channel = await connection.createChannel();
  transport = connectTransport({ urls: [url], name: service, logger: pino({ level: 'silent' }) });
  transport.use(participantTopology(service));
  transport.use(orchestratorTopology(saga));
  await waitFor('the transport', () => transport.isReady());
  await waitFor('the topology', () => transport.canPublishTo(`${saga}.responses`));
});

afterAll(async () => {
  await transport.close();
  for (const name of [queue, `${queue}.dead`, `${saga}.responses`, `${saga}.responses.dead`])
    await channel.deleteQueue(name);
  await channel.deleteExchange(`${saga}.responses`);
  await connection.close();
});

const command = (body: unknown, changes: Partial<OutgoingMessage> = {}): OutgoingMessage => ({
  exchange: 'saga.commands',
  routingKey: `${service}.book`,
  correlationId: 'c1',
  replyTo: `${saga}.responses`,
  headers: { 'x-saga-step': 'book' },
  body: encodeJson(body),
  ...changes,
});

/** Cuts the broker's side of every connection of this transport, as a restart of the broker would. */
async function cutConnections(): Promise<void> {
  const management = new URL(process.env.TEST_MANAGEMENT_URL!);
  const headers = { authorization: `Basic ${btoa(`${management.username}:${management.password}`)}` };
  management.username = management.password = '';
  await waitFor('the connections to be listed', async () => {
    const response = await fetch(new URL('/api/connections', management), { headers });
    const all = (await response.json()) as { name: string; client_properties: { connection_name?: string } }[];
    const mine = all.filter((item) => item.client_properties.connection_name?.startsWith(service));
    for (const { name } of mine)
      await fetch(new URL(`/api/connections/${encodeURIComponent(name)}`, management), { method: 'DELETE', headers });
    return mine.length === 2;
  });
}

describeTransport('RabbitMQ', () => ({
  transport,
  service,
  saga,
  until: waitFor,
  stored: async (name) => (await channel.checkQueue(name)).messageCount,
}));

describe('the transport on RabbitMQ', () => {
  it('comes back after its connections were cut, consumers included, and gets again what it had not acknowledged', async () => {
    const seen: IncomingMessage[] = [];
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const consumer = transport.consume({
      queue,
      prefetch: 10,
      maxBatchSize: 10,
      handleBatch: async (batch) => {
        seen.push(...batch);
        if (seen.length === 1) await held;
      },
    });
    await transport.publish([command({ n: 1 })]);
    await waitFor('the delivery', () => seen.length === 1);
    await cutConnections();
    await waitFor('the cut', () => !transport.isReady());
    release();
    await waitFor('the redelivery', () => seen.length === 2);
    expect(seen[1]!.redelivered).toBe(true);
    await waitFor('publishing', () => transport.canPublish());
    expect(await transport.publish([command({ n: 2 })])).toEqual(['confirmed']);
    await waitFor('a new delivery', () => seen.length === 3);
    await consumer.stop();
    expect(await channel.checkQueue(queue)).toMatchObject({ messageCount: 0 });
  });

  it('declares its queue again when it was deleted, and goes on consuming', async () => {
    const seen: string[] = [];
    const consumer = transport.consume({
      queue,
      prefetch: 10,
      maxBatchSize: 10,
      handleBatch: (batch) => {
        seen.push(...batch.map(({ body }) => body.toString()));
        return Promise.resolve();
      },
    });
    await waitFor('the consumer', () => consumer.isRunning());
    await channel.deleteQueue(queue);
    await waitFor('the loss to be noticed', () => !consumer.isRunning());
    await waitFor('the consumer to be back', () => consumer.isRunning());
    await transport.publish([command({ n: 7 })]);
    await waitFor('the delivery', () => seen.length === 1);
    await consumer.stop();
  });

  it('says since when a batch fails again and again, and why, until it does no more', async () => {
    let fails = true;
    const handleBatch = () => (fails ? Promise.reject(new Error('nobody knows why')) : Promise.resolve());
    const consumer = transport.consume({ queue, prefetch: 10, maxBatchSize: 10, handleBatch });
    await transport.untilReady(new AbortController().signal);
    await transport.publish([command({})]);
    const failing = await waitFor('failures', () => consumer.health().failingSince !== null && consumer.health());
    expect(failing).toEqual({
      running: true,
      failingSince: expect.any(Number),
      reason: `${queue} cannot be handled: nobody knows why`,
    });
    fails = false;
    await waitFor('the end', () => consumer.health().failingSince === null);
    expect(consumer.health()).toEqual({ running: true, failingSince: null, reason: null });
    await consumer.stop();
  });

  it('handles a suspect beside what follows, again when that fails, and acknowledges it only then', async () => {
    const seen: unknown[] = [];
    let tries = 0;
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const handleIsolated = async () => {
      tries++;
      await held;
      if (tries <= 2) throw new Error('the database is away');
      return [];
    };
    const consumer = transport.consume({
      queue,
      prefetch: 10,
      maxBatchSize: 10,
      handleBatch: async (batch) => {
        const numbers = batch.map(({ body }) => (JSON.parse(body.toString()) as { n: number }).n);
        seen.push(...numbers);
        const suspects = batch.filter((_message, index) => numbers[index] === 1);
        return { suspects: suspects.map((message) => ({ messages: [message], handleIsolated })) };
      },
    });
    await transport.publish([command({ n: 1 }), command({ n: 2 })]);
    await waitFor('the suspect to be tried', () => tries === 1);
    await transport.publish([command({ n: 3 })]);
    await waitFor('what follows', () => seen.includes(3));
    // The others are acknowledged, and it is not: it alone comes again.
    await cutConnections();
    await waitFor('the suspect to come again', () => seen.filter((n) => n === 1).length === 2);
    await waitFor('it to be tried again', () => tries === 2);
    release();
    await waitFor('the last try', () => tries >= 3);
    expect([...seen].sort()).toEqual([1, 1, 2, 3]);
    await consumer.stop();
    expect(await channel.checkQueue(queue)).toMatchObject({ messageCount: 0 });
  });

  it('closes at once, also while it is connecting', async () => {
    const logger = pino({ level: 'silent' });
    for (const target of [url, 'amqp://127.0.0.1:1'])
      await connectTransport({ urls: [target], name: 'short-lived', logger }).close();
  });

  it('fails a publication while it is not connected, instead of keeping it', async () => {
    const nowhere = connectTransport({
      urls: ['amqp://127.0.0.1:1'],
      name: 'nowhere',
      logger: pino({ level: 'silent' }),
    });
    await expect(nowhere.publish([command({})])).rejects.toMatchObject({ code: 'TRANSPORT_UNAVAILABLE' });
    expect([nowhere.isReady(), nowhere.canPublish()]).toEqual([false, false]);
    await nowhere.close();
  });
});

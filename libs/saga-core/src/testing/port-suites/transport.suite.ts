/** What every transport must do, whatever carries the messages. */
import { DEAD_LETTER_EXCHANGE } from '../../contract/routing.js';
import { encodeJson, type IncomingMessage, type OutgoingMessage } from '../../contract/message.js';
import type { ConsumeOptions, Transport } from '../../transport/transport.js';

/** A transport with the topology of `service` and `saga`, and what a test needs beside it. */
export interface TransportHarness {
  readonly transport: Transport;
  readonly service: string;
  readonly saga: string;
  /** Waits, while messages are delivered, until it holds. */
  until(what: string, holds: () => boolean): Promise<unknown>;
  /** @returns how many messages lie in a queue, ready to be delivered */
  stored(queue: string): Promise<number>;
}

/** @param harness - asked for when the tests run; each test leaves its queues empty */
export function describeTransport(name: string, harness: () => TransportHarness): void {
  const queue = () => `${harness().service}.commands`;
  const command = (body: unknown, changes: Partial<OutgoingMessage> = {}): OutgoingMessage => ({
    exchange: 'saga.commands',
    routingKey: `${harness().service}.book`,
    correlationId: 'c1',
    replyTo: `${harness().saga}.responses`,
    headers: { 'x-saga-step': 'book' },
    body: encodeJson(body),
    ...changes,
  });
  const publish = (...messages: OutgoingMessage[]) => harness().transport.publish(messages);
  const bodies = (messages: readonly IncomingMessage[]) => messages.map(({ body }) => body.toString());
  const consume = (handleBatch: ConsumeOptions['handleBatch'], changes: Partial<ConsumeOptions> = {}) =>
    harness().transport.consume({ queue: queue(), prefetch: 10, maxBatchSize: 10, handleBatch, ...changes });
  /** Consumes what lies in a queue until there are so many. */
  const drain = async (count: number, from = queue()): Promise<IncomingMessage[]> => {
    const seen: IncomingMessage[] = [];
    const consumer = consume(async (batch) => void seen.push(...batch), { queue: from });
    await harness().until(`${count} messages`, () => seen.length >= count);
    await consumer.stop();
    return seen;
  };

  describe(`${name}, as a transport`, () => {
    it('is ready, and publishes nothing when it is given nothing', async () => {
      expect([harness().transport.isReady(), harness().transport.canPublish()]).toEqual([true, true]);
      expect(await publish()).toEqual([]);
    });

    it('delivers what it publishes, in order, properties included', async () => {
      expect(await publish(command({ n: 1 }), command({ n: 2 }))).toEqual(['confirmed', 'confirmed']);
      const seen = await drain(2);
      expect(seen[0]).toMatchObject({
        exchange: 'saga.commands',
        routingKey: `${harness().service}.book`,
        correlationId: 'c1',
        replyTo: `${harness().saga}.responses`,
        headers: { 'x-saga-step': 'book' },
        redelivered: false,
        deliveredBefore: false,
      });
      expect(bodies(seen)).toEqual(['{"n":1}', '{"n":2}']);
      expect(await harness().stored(queue())).toBe(0);
    });

    it('routes replies by their exchange, and dead letters by the queue that they come from', async () => {
      const { service, saga } = harness();
      const reply = { exchange: `${saga}.responses`, routingKey: `${service}.book.response.success` };
      const letter = { exchange: DEAD_LETTER_EXCHANGE, routingKey: queue() };
      expect(await publish(command(1, reply), command(2, letter))).toEqual(['confirmed', 'confirmed']);
      expect(bodies(await drain(1, `${saga}.responses`))).toEqual(['1']);
      expect(bodies(await drain(1, `${queue()}.dead`))).toEqual(['2']);
    });

    it('tells of a message that no queue takes, in its place among others', async () => {
      const lost = command({}, { routingKey: 'nobody_here.book' });
      const deeper = command({}, { routingKey: `${harness().service}.book.twice` });
      expect(await publish(command({ n: 1 }), lost, deeper, command({ n: 2 }))).toEqual([
        'confirmed',
        'returned',
        'returned',
        'confirmed',
      ]);
      expect(bodies(await drain(2))).toEqual(['{"n":1}', '{"n":2}']);
    });

    it.each<[string, Partial<OutgoingMessage>]>([
      ['a number that amqplib reads and cannot write', { headers: { bad: -1e300 } }],
      ['a header whose name is too long', { headers: { ['k'.repeat(256)]: 'v' } }],
      ['headers that do not fit', { headers: { bad: 'x'.repeat(66_000) } }],
      ['an exchange that does not exist', { exchange: 'nobody.responses' }],
    ])('refuses a message alone: %s', async (_what, changes) => {
      const messages = [command({ n: 1 }), command({}, changes), command({ n: 2 })];
      expect(await publish(...messages)).toEqual(['confirmed', 'refused', 'confirmed']);
      expect(await publish(command({ n: 3 }))).toEqual(['confirmed']);
      // What was under way beside it may have been published twice.
      const seen = new Set<string>();
      const consumer = consume(async (batch) => bodies(batch).forEach((body) => seen.add(body)));
      await harness().until('all', () => seen.size === 3);
      await consumer.stop();
      expect([...seen].sort()).toEqual(['{"n":1}', '{"n":2}', '{"n":3}']);
      expect(harness().transport.isReady()).toBe(true);
    });

    it('goes on while a message is not done, and gives that again later', async () => {
      const seen: string[] = [];
      const consumer = consume(async (batch) => {
        seen.push(...bodies(batch));
        return {
          later: batch.filter(
            ({ body }) => body.toString() === '1' && seen.filter((other) => other === '1').length < 2,
          ),
        };
      });
      await publish(command(1), command(2));
      await harness().until('the others', () => seen.includes('2'));
      await publish(command(3));
      await harness().until('the one that is not done', () => seen.length === 4);
      await consumer.stop();
      expect([...seen].sort()).toEqual(['1', '1', '2', '3']);
      expect(seen.at(-1)).toBe('1');
      expect(await harness().stored(queue())).toBe(0);
    });

    it('tells how a consumer fares', async () => {
      let fails = true;
      let tries = 0;
      const consumer = consume(async () => {
        tries++;
        if (fails) throw new Error('nobody knows why');
      });
      await harness().transport.untilReady(new AbortController().signal);
      expect(consumer.health()).toEqual({ running: true, failingSince: null, reason: null });
      await publish(command({}));
      await harness().until('failures', () => tries >= 4);
      if (consumer.health().failingSince !== null) {
        expect(consumer.health().reason).toContain('nobody knows why');
        fails = false;
        await harness().until('the end', () => consumer.health().reason === null);
      }
      fails = false;
      await harness().until('the last', () => consumer.health().reason === null);
      await consumer.stop();
      expect(consumer.health().running).toBe(false);
    });

    it('finds out whether an exchange exists, without harm to what is being published', async () => {
      const { transport, saga } = harness();
      expect(await transport.canPublishTo(`${saga}.responses`)).toBe(true);
      expect(await transport.canPublishTo('nobody.responses')).toBe(false);
      expect(await publish(command({}))).toEqual(['confirmed']);
      await drain(1);
    });

    it('gives batches of the size that was asked for at the most', async () => {
      await publish(...[1, 2, 3, 4, 5].map((n) => command(n)));
      const batches: string[][] = [];
      const consumer = consume(async (batch) => void batches.push(bodies(batch)), { maxBatchSize: 2 });
      await harness().until('all', () => batches.flat().length === 5);
      await consumer.stop();
      expect(Math.max(...batches.map(({ length }) => length))).toBeLessThanOrEqual(2);
      expect(batches.flat()).toEqual(['1', '2', '3', '4', '5']);
    });

    it('gives a batch again that could not be handled, marked as redelivered, and acknowledges it at last', async () => {
      const tries: (readonly [boolean, boolean])[] = [];
      const consumer = consume(async ([message]) => {
        tries.push([message!.redelivered, message!.deliveredBefore]);
        if (tries.length < 3) throw new Error('the database is away');
      });
      await publish(command({}));
      await harness().until('the third try', () => tries.length === 3);
      await consumer.stop();
      // It was this process that had it before, not another one that may have died of it.
      expect(tries).toEqual([
        [false, false],
        [true, false],
        [true, false],
      ]);
      expect(await harness().stored(queue())).toBe(0);
    });

    it('gives what was not acknowledged to another consumer, marked as delivered before', async () => {
      let tries = 0;
      const consumer = consume(async () => {
        tries++;
        throw new Error('never');
      });
      await harness().until('the consumer', () => consumer.isRunning());
      await publish(command({ n: 1 }));
      await harness().until('a try', () => tries > 0);
      await consumer.stop();
      expect(consumer.isRunning()).toBe(false);
      expect((await drain(1))[0]).toMatchObject({ redelivered: true, deliveredBefore: true });
    });
  });
}

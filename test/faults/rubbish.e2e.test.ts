/**
 * Rubbish of every kind, mixed with good orders: into a command queue and into the reply queue. What cannot be answered
 * lies in the dead-letter queue with its cause, each letter of it; the rest is answered; good orders go on; no process
 * crashes or grows. FAULT_RUBBISH says how many messages, FAULT_SEED repeats a run.
 */
import { connect, type ChannelModel, type ConfirmChannel } from 'amqplib';
import { Random } from 'saga-core/testing';
import { takeDeadLetters } from '../support/dead-letters.js';
import { loadEndedRight, startLoad } from '../support/load.js';
import { commandRubbish, largeBody, pickKind, replyRubbish, sendNoText, type RubbishKind } from '../support/rubbish.js';
import type { ServiceName } from '../support/service-process.js';
import { memoryOf } from '../support/memory.js';
import { startStack, type Stack } from '../support/stack.js';
import { waitFor } from '../support/wait-for.js';

const SEED = Number(process.env.FAULT_SEED ?? Date.now() % 1_000_000);
/** Half of them go into each queue. */
const COUNT = Number(process.env.FAULT_RUBBISH ?? 10_000) / 2;
/** So many lie in a queue at most, so that orders do not wait behind them for longer than a step may take. */
const MOST_WAITING = 500;
const BATCH = 250;
const REPLIES = 'rubbish_saga.responses';
const COMMAND_QUEUE = 'restaurant_service.commands';
const REPLY_QUEUE = 'create_order_saga.responses';
/** Bodies beyond the default limit of RabbitMQ 4 (16 MiB); a broker with that limit refuses them itself. */
const HUGE_BYTES = 20 * 1_048_576;
/**
 * By how much a process may be larger at the end than after the first fifth of the rubbish. The heap of V8 and the
 * allocator breathe by some tens of MiB with bodies of 1 MiB in hand; a leak of 1 KiB per message would show in the
 * long form (100,000), one of 16 KiB in the short one.
 */
const GROWTH_MIB = 96;

let stack: Stack;
let connection: ChannelModel;
let channel: ConfirmChannel;
beforeAll(async () => {
  stack = await startStack('rubbish');
  connection = await connect(stack.broker.amqpUrl);
  sendNoText(connection);
  channel = await connection.createConfirmChannel();
  await channel.assertExchange(REPLIES, 'topic', { durable: true });
}, 60_000);
afterAll(async () => {
  await connection.close();
  await stack.stop();
}, 60_000);

/** Sends rubbish and keeps count of what must become of it. */
async function pour(
  random: Random,
  kinds: readonly RubbishKind[],
  queue: string,
  count: number,
): Promise<Map<string, number>> {
  const sent = new Map<string, number>();
  for (let number = 0; number < count; number += BATCH) {
    await waitFor(
      `${queue} to be taken up`,
      async () => (await channel.checkQueue(queue)).messageCount < MOST_WAITING,
      30_000,
    );
    for (let item = 0; item < BATCH; item++) {
      const kind = pickKind(random, kinds);
      const { exchange, routingKey, body, properties } = kind.make(random);
      channel.publish(exchange, routingKey, body, { persistent: true, ...properties });
      sent.set(kind.name, (sent.get(kind.name) ?? 0) + 1);
    }
    await channel.waitForConfirms();
  }
  return sent;
}

/** @returns whether the broker took it */
async function sendHuge(exchange: string, routingKey: string): Promise<boolean> {
  const own = await connection.createConfirmChannel();
  own.on('error', () => undefined);
  return new Promise((resolve) => {
    own.on('close', () => resolve(false));
    own.publish(
      exchange,
      routingKey,
      largeBody(HUGE_BYTES),
      { persistent: true, correlationId: 'huge', replyTo: REPLIES },
      (error) => resolve(!error),
    );
  });
}

/** How many must have got a fate, by the counts of {@link pour}. */
function expected(sent: ReadonlyMap<string, number>, kinds: readonly RubbishKind[]) {
  const dead: Record<string, number> = {};
  let answered = 0;
  for (const { name, fate } of kinds) {
    const count = sent.get(name) ?? 0;
    if (fate === 'answered') answered += count;
    else if (fate !== 'ignored') dead[fate.dead] = (dead[fate.dead] ?? 0) + count;
  }
  return { dead, answered };
}

const total = (counts: Record<string, number>): number => Object.values(counts).reduce((sum, count) => sum + count, 0);

test.each<[string, ServiceName, RubbishKind[], string, [string, string], string]>([
  [
    'a command queue',
    'restaurant-service',
    commandRubbish(REPLIES),
    COMMAND_QUEUE,
    ['saga.commands', 'restaurant_service.create_ticket'],
    'TOO_LARGE',
  ],
  [
    'a reply queue',
    'order-service',
    replyRubbish(),
    REPLY_QUEUE,
    [REPLY_QUEUE, 'restaurant_service.create_ticket.response.success'],
    'NOT_A_REPLY',
  ],
])(
  `rubbish in %s harms nobody (FAULT_SEED=${SEED})`,
  async (_what, name, kinds, queue, [exchange, key], causeOfHuge) => {
    const random = new Random(SEED);
    const answers = await channel.assertQueue('', { exclusive: true });
    await channel.bindQueue(answers.queue, REPLIES, '#');
    let answered = 0;
    await channel.consume(answers.queue, (reply) => void (reply && answered++), { noAck: true });
    const load = startLoad(() => stack.url('order-service'), ['good', 'overLimit', 'unknownDish'], 100);

    try {
      const warmUp = await pour(random, kinds, queue, COUNT / 5);
      const huge = [await sendHuge(exchange, key)];
      const before = memoryOf(stack.service(name));
      const rest = await pour(random, kinds, queue, COUNT - COUNT / 5);
      huge.push(await sendHuge(exchange, key));
      const sent = new Map(kinds.map((kind) => [kind.name, (warmUp.get(kind.name) ?? 0) + (rest.get(kind.name) ?? 0)]));
      expect(kinds.map((kind) => kind.name).filter((kind) => !sent.get(kind))).toEqual([]);

      const due = expected(sent, kinds);
      const takenHuge = huge.filter(Boolean).length;
      if (takenHuge > 0) due.dead[causeOfHuge] = (due.dead[causeOfHuge] ?? 0) + takenHuge;
      expect(await takeDeadLetters(stack.broker.amqpUrl, queue, total(due.dead))).toEqual(due.dead);
      await waitFor(`${due.answered} answers, not ${answered}`, () => answered === due.answered);
      const grown = memoryOf(stack.service(name)) - before;

      await load.untilTaken(1);
      const { statuses } = await loadEndedRight(stack, load, 15_000);
      // On a machine that is busy with rubbish alone, some tickets come too late; that is no reason for all to fail.
      expect(statuses.good!.filter((status) => status === 'APPROVED').length).toBeGreaterThanOrEqual(3);
      expect(Object.values(statuses).every((all) => all.length >= 3)).toBe(true);
      expect(grown).toBeLessThan(GROWTH_MIB);
      await channel.deleteQueue(answers.queue);
      expect(Object.entries(await stack.broker.messageCounts()).filter(([, count]) => count > 0)).toEqual([]);
    } catch (error) {
      throw new Error(`${name} said last:\n${stack.service(name).output().slice(-3_000)}`, { cause: error });
    } finally {
      await load.stop();
    }
  },
  180_000 + COUNT * 20,
);

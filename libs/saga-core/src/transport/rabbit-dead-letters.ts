/**
 * Dead letters on RabbitMQ. Invariant kept here: a letter leaves its queue only after another queue has confirmed it,
 * or because it was to be thrown away.
 */
import type { Channel, ChannelModel, GetMessage } from 'amqplib';
import { storedDeadLetter, type StoredDeadLetter } from '../contract/stored-dead-letter.js';
import type { IncomingMessage } from '../contract/message.js';
import { deadLetterQueueOf } from '../contract/routing.js';
import { messageOf, SagaError } from '../errors.js';
import { brokerAnswer, closeQuietly } from './broker-answer.js';
import type { DeadLetters, LetterCount, SettledDeadLetters } from './dead-letters.js';
import type { RabbitLink } from './rabbit-link.js';
import { RabbitPublisher } from './rabbit-publisher.js';

/** How many letters are sent again before the first of them are acknowledged, and how much of them is read at once. */
const BATCH = 50;
const MOST_BYTES = 16 * 1_048_576;

interface Held {
  readonly message: GetMessage;
  readonly letter: StoredDeadLetter;
  /** Of its body and its headers. */
  readonly bytes: number;
}

/**
 * @param consuming - on which letters are taken and acknowledged; an alarm does not block it
 * @param publishing - on which they are sent again, on a channel of its own: a refusal costs nothing else
 */
export function rabbitDeadLetters(consuming: RabbitLink, publishing: RabbitLink): DeadLetters {
  /** One channel for all, one after the other: what it has given back, it finds again, in the same order. */
  let open: { on: ChannelModel; channel: Channel } | null = null;
  let turn: Promise<unknown> = Promise.resolve();
  /**
   * How many letters of a queue were given back last: the broker counts them a little later, and gives them at once.
   */
  const givenBack = new Map<string, number>();

  const connectionOf = (link: RabbitLink): ChannelModel => {
    if (!link.current) throw new SagaError('TRANSPORT_UNAVAILABLE', 'RabbitMQ cannot be reached');
    return link.current;
  };

  const channelNow = async (): Promise<Channel> => {
    const on = connectionOf(consuming);
    if (open?.on === on) return open.channel;
    const channel = await brokerAnswer(on, 'open a channel', on.createChannel());
    channel.on('error', () => undefined);
    channel.on('close', () => {
      if (open?.channel === channel) open = null;
    });
    open = { on, channel };
    return channel;
  };

  /** Whatever is not acknowledged when the work ends, or fails, lies in its queue again. */
  const inTurn = <Result>(work: (channel: Channel) => Promise<Result>): Promise<Result> => {
    const result = turn.then(async () => {
      let channel: Channel | null = null;
      try {
        channel = await channelNow();
        const done = await work(channel);
        channel.nackAll(true);
        return done;
      } catch (error) {
        open = null;
        if (channel) closeQuietly(channel);
        if (error instanceof SagaError) throw error;
        throw new SagaError('TRANSPORT_UNAVAILABLE', `RabbitMQ did not do it: ${messageOf(error)}`, { cause: error });
      }
    });
    turn = result.catch(() => undefined);
    return result;
  };

  const take = async (channel: Channel, queue: string): Promise<Held | null> => {
    const asked = channel.get(deadLetterQueueOf(queue), { noAck: false });
    const message = await brokerAnswer(connectionOf(consuming), 'give a letter', asked);
    if (!message) return null;
    const { correlationId, replyTo, headers } = message.properties as Partial<IncomingMessage>;
    const letter = storedDeadLetter(queue, { correlationId, replyTo, headers: headers ?? {}, body: message.content });
    return { message, letter, bytes: message.content.length + bytesIn(headers) };
  };

  const countIn = (channel: Channel, queue: string) =>
    brokerAnswer(connectionOf(consuming), 'count letters', channel.checkQueue(deadLetterQueueOf(queue)));

  /**
   * Takes what lies there now, or the one that is meant, in batches. What comes meanwhile is left: it may be one that
   * came back.
   */
  const takeAll = async (
    queue: string,
    id: string | null,
    handle: (batch: readonly Held[]) => Promise<readonly Held[]>,
  ): Promise<SettledDeadLetters> =>
    inTurn(async (channel) => {
      const { messageCount } = await countIn(channel, queue);
      const most = Math.max(messageCount, givenBack.get(queue) ?? 0);
      const done: StoredDeadLetter[] = [];
      let [taken, meant] = [0, 0];
      let batch: Held[] = [];
      const flush = async (): Promise<void> => {
        for (const { message, letter } of await handle(batch)) {
          channel.ack(message);
          // What is told of it needs neither body nor headers.
          done.push({ ...letter, headers: {}, body: Buffer.alloc(0), replay: null });
        }
        batch = [];
      };
      while (taken < most) {
        const held = await take(channel, queue);
        if (!held) break;
        taken++;
        if (id !== null && held.letter.id !== id) continue;
        meant++;
        batch.push(held);
        if (id !== null) break;
        if (batch.length === BATCH || bytesOf(batch) > MOST_BYTES) await flush();
      }
      if (batch.length > 0) await flush();
      givenBack.set(queue, taken - done.length);
      return { done, kept: meant - done.length };
    });

  return {
    async count(queues) {
      const counts: LetterCount[] = [];
      for (const queue of queues) {
        const [dead, alive] = [
          await lookAt(connectionOf(consuming), deadLetterQueueOf(queue)),
          await lookAt(connectionOf(consuming), queue),
        ];
        counts.push({ queue, count: dead?.messageCount ?? 0, consumers: alive?.consumerCount ?? null });
      }
      return counts;
    },
    peek: async (queue, limit) => {
      if ((await lookAt(connectionOf(consuming), deadLetterQueueOf(queue))) === null) return { letters: [], count: 0 };
      return inTurn(async (channel) => {
        const { messageCount } = await countIn(channel, queue);
        const held: Held[] = [];
        while (held.length < limit && bytesOf(held) <= MOST_BYTES) {
          const next = await take(channel, queue);
          if (!next) break;
          held.push(next);
        }
        givenBack.set(queue, held.length);
        return { letters: held.map(({ letter }) => letter), count: Math.max(messageCount, held.length) };
      });
    },
    replay: (queue, id) =>
      withPublisher(connectionOf(publishing), publishing, (publish) =>
        takeAll(queue, id, async (batch) => {
          const able = batch.filter(({ letter }) => letter.replay !== null);
          const fates = await publish(able.map(({ letter }) => letter.replay!));
          return able.filter((_held, index) => fates[index] === 'confirmed');
        }),
      ),
    discard: (queue, id) => takeAll(queue, id, async (batch) => batch),
  };
}

const bytesOf = (batch: readonly Held[]): number => batch.reduce((sum, { bytes }) => sum + bytes, 0);

/** @returns about how much memory a header, or headers, take; their depth is bounded where they come in */
function bytesIn(value: unknown): number {
  if (typeof value === 'string' || Buffer.isBuffer(value)) return 32 + value.length;
  if (typeof value !== 'object' || value === null) return 16;
  return Object.entries(value).reduce((sum, [name, item]) => sum + 32 + name.length + bytesIn(item), 32);
}

/** @returns the queue's counts, or null when it does not exist: asking for it closes the channel then */
async function lookAt(
  connection: ChannelModel,
  queue: string,
): Promise<{ messageCount: number; consumerCount: number } | null> {
  const channel = await brokerAnswer(connection, 'open a channel', connection.createChannel());
  channel.on('error', () => undefined);
  try {
    return await brokerAnswer(connection, `look at ${queue}`, channel.checkQueue(queue));
  } catch (error) {
    if ((error as { code?: unknown }).code === 404) return null;
    throw new SagaError('TRANSPORT_UNAVAILABLE', `RabbitMQ did not tell of ${queue}: ${messageOf(error)}`, {
      cause: error,
    });
  } finally {
    closeQuietly(channel);
  }
}

async function withPublisher<Result>(
  connection: ChannelModel,
  link: RabbitLink,
  work: (publish: RabbitPublisher['publish']) => Promise<Result>,
): Promise<Result> {
  if (link.isBlocked())
    throw new SagaError('TRANSPORT_UNAVAILABLE', 'RabbitMQ has blocked publishing (memory or disk alarm)');
  const publisher = await RabbitPublisher.open(connection, {
    fail: (reason) => publisher.abandon(reason),
    // Whoever asked does not wait for the end of an alarm, and neither does who asks next.
    isBlocked: () => false,
    onRefused: () => undefined,
    restore: () => Promise.resolve(false),
    tell: () => undefined,
  });
  try {
    return await work((messages) => (messages.length === 0 ? Promise.resolve([]) : publisher.publish(messages)));
  } finally {
    await publisher.close();
  }
}

/** RabbitMQ for the floor: one connection to publish and one to consume, a batch of deliveries at a time. */
import type { Socket } from 'node:net';
import { connect, type Channel, type ChannelModel, type ConfirmChannel, type ConsumeMessage } from 'amqplib';
import { REPLY_ADDRESS } from '../lib/saga.js';
import type { FloorConfig } from './config.js';

/** Commands go to this exchange. */
export const COMMANDS_EXCHANGE = 'saga.commands';
const DEAD_LETTERS_EXCHANGE = 'saga.dead';
const PREFETCH = 400;
const PROPERTIES = { persistent: true, mandatory: true, contentType: 'application/json' };

export interface OutgoingMessage {
  readonly exchange: string;
  readonly routingKey: string;
  readonly correlationId: string;
  readonly replyTo?: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

export interface IncomingMessage {
  readonly routingKey: string;
  readonly correlationId: string;
  readonly replyTo: string;
  readonly body: Record<string, unknown>;
}

/** Two connections to RabbitMQ. */
export class Broker {
  private readonly publishing: ConfirmChannel;
  private readonly consuming: Channel;
  private readonly queueType: string;
  private waiting: ConsumeMessage[] = [];
  private isWorking = false;

  private constructor(publishing: ConfirmChannel, consuming: Channel, queueType: string) {
    this.publishing = publishing;
    this.consuming = consuming;
    this.queueType = queueType;
  }

  /** Connects. */
  static async open({ amqpUrl, queueType }: FloorConfig): Promise<Broker> {
    const [publishing, consuming] = await Promise.all([connect(amqpUrl), connect(amqpUrl)]);
    const broker = new Broker(await publishing.createConfirmChannel(), await consuming.createChannel(), queueType);
    for (const connection of [publishing, consuming]) corkWrites(socketOf(connection));
    return broker;
  }

  /** Declares the exchanges, and a queue with the properties that the system's queues have. */
  async declare(queue: string, exchange: string, pattern: string): Promise<void> {
    const isQuorum = this.queueType === 'quorum';
    const { consuming: channel } = this;
    await channel.assertExchange(COMMANDS_EXCHANGE, 'topic');
    await channel.assertExchange(REPLY_ADDRESS, 'topic');
    await channel.assertExchange(DEAD_LETTERS_EXCHANGE, 'direct');
    await channel.assertQueue(queue, {
      arguments: {
        'x-dead-letter-exchange': DEAD_LETTERS_EXCHANGE,
        'x-dead-letter-routing-key': queue,
        'x-queue-type': this.queueType,
        'x-overflow': 'reject-publish',
        ...(isQuorum ? { 'x-delivery-limit': 100, 'x-dead-letter-strategy': 'at-least-once' } : {}),
      },
    });
    await channel.bindQueue(queue, exchange, pattern);
  }

  /** Publishes messages. @returns once the broker has confirmed all */
  publish(messages: readonly OutgoingMessage[]): Promise<void> {
    return new Promise((resolve, reject) => {
      let missing = messages.length;
      if (missing === 0) resolve();
      for (const { exchange, routingKey, correlationId, replyTo, headers, body } of messages)
        this.publishing.publish(
          exchange,
          routingKey,
          Buffer.from(JSON.stringify(body)),
          { ...PROPERTIES, correlationId, headers, ...(replyTo && { replyTo }) },
          (error: Error | null) => {
            if (error) reject(error);
            else if (--missing === 0) resolve();
          },
        );
    });
  }

  /** Takes deliveries: whatever waits is one batch, and is acknowledged when it was handled. */
  async consume(queue: string, handle: (batch: readonly IncomingMessage[]) => Promise<void>): Promise<void> {
    await this.consuming.prefetch(PREFETCH);
    await this.consuming.consume(queue, (delivery) => {
      this.waiting.push(delivery!);
      if (this.isWorking) return;
      this.isWorking = true;
      setImmediate(() => void this.work(handle));
    });
  }

  private async work(handle: (batch: readonly IncomingMessage[]) => Promise<void>): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting;
      this.waiting = [];
      await handle(batch.map(read));
      this.consuming.ack(batch.at(-1)!, true);
    }
    this.isWorking = false;
  }
}

const read = ({ fields, properties, content }: ConsumeMessage): IncomingMessage => ({
  routingKey: fields.routingKey,
  correlationId: properties.correlationId as string,
  replyTo: properties.replyTo as string,
  body: JSON.parse(content.toString()) as Record<string, unknown>,
});

const socketOf = ({ connection }: ChannelModel): Socket => (connection as unknown as { stream: Socket }).stream;

/** All frames of a turn of the event loop in one write. */
function corkWrites(stream: Socket): void {
  const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
  let isCorked = false;
  stream.write = (...args: unknown[]) => {
    if (!isCorked) {
      isCorked = true;
      stream.cork();
      process.nextTick(() => {
        isCorked = false;
        stream.uncork();
      });
    }
    return write(...args);
  };
}

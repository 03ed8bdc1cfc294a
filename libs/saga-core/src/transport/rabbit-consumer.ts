/** Consuming in sets. Invariant kept here: acknowledge last, after the set was handled whole. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import type { Logger } from 'pino';
import type { IncomingMessage } from '../contract/message.js';
import { messageOf } from '../errors.js';
import { DEFAULTS } from '../settings.js';
import type { ConsumeOptions, Consumer } from './transport.js';

interface Taken {
  readonly channel: Channel;
  readonly delivery: ConsumeMessage;
}

export class RabbitConsumer implements Consumer {
  private readonly options: ConsumeOptions;
  private readonly logger: Logger;
  private readonly stopping = new AbortController();
  private openedOn: ChannelModel | null = null;
  private channel: Channel | null = null;
  private consumerTag = '';
  private waiting: Taken[] = [];
  private working: Promise<void> | null = null;

  constructor(options: ConsumeOptions, logger: Logger) {
    this.options = options;
    this.logger = logger;
  }

  isRunning(): boolean {
    return this.channel !== null;
  }

  /** Begins on a connection. @param fail - has the connection built anew when the channel breaks or the queue goes away */
  async open(connection: ChannelModel, fail: (reason: Error) => void): Promise<void> {
    if (this.stopping.signal.aborted || this.openedOn === connection) return;
    this.openedOn = connection;
    const { queue, prefetch } = this.options;
    const channel = await connection.createChannel();
    channel.on('error', fail);
    channel.on('close', () => fail(new Error(`the channel that consumes ${queue} was closed`)));
    await channel.prefetch(prefetch);
    const { consumerTag } = await channel.consume(queue, (delivery) => {
      // The broker cancels a consumer whose queue was deleted.
      if (delivery === null) return fail(new Error(`the broker cancelled the consumer of ${queue}`));
      this.take({ channel, delivery });
    });
    this.consumerTag = consumerTag;
    this.channel = channel;
  }

  /** Forgets deliveries of a connection that is gone: the broker will deliver them again. */
  down(): void {
    this.channel = null;
    this.waiting = [];
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    const { channel } = this;
    this.waiting = [];
    await channel?.cancel(this.consumerTag).catch(() => undefined);
    this.waiting = [];
    await this.working;
    if (this.channel !== channel || channel === null) return;
    this.channel = null;
    // Closing would report itself as a failure of the link.
    channel.removeAllListeners('close');
    await channel.close().catch(() => undefined);
  }

  private take(taken: Taken): void {
    if (this.stopping.signal.aborted) return;
    this.waiting.push(taken);
    // Deliveries that arrived in the same packet belong to the same set.
    this.working ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => this.work());
  }

  private async work(): Promise<void> {
    while (this.waiting.length > 0) {
      const set = this.waiting.splice(0, this.options.maxSetSize);
      if (await this.handle(set)) this.acknowledge(set.at(-1)!);
    }
    this.working = null;
  }

  /** Acknowledges a delivery and all before it: sets are handled one after the other. */
  private acknowledge({ channel, delivery }: Taken): void {
    try {
      channel.ack(delivery, true);
    } catch {
      // The channel broke just now; the broker delivers the set again, and it is recognized.
    }
  }

  /** @returns whether the set is to be acknowledged; false when its channel is gone or the process stops, and the broker delivers it again */
  private async handle(set: readonly Taken[]): Promise<boolean> {
    const { channel } = set[0]!;
    for (let attempt = 1; ; attempt++) {
      try {
        await this.options.handleSet(set.map(({ delivery }) => incoming(delivery, attempt > 1)));
        return this.channel === channel;
      } catch (error) {
        const { queue } = this.options;
        this.logger.warn(
          { queue, attempt, size: set.length, reason: messageOf(error) },
          'a set could not be handled; trying again',
        );
        const pause = Math.min(DEFAULTS.recoveryMaxMs, DEFAULTS.recoveryInitialMs * 2 ** (attempt - 1));
        await delay(pause, undefined, { signal: this.stopping.signal }).catch(() => undefined);
        if (this.channel !== channel || this.stopping.signal.aborted) return false;
      }
    }
  }
}

/** AMQP's limit. Bytes that are no UTF-8 are longer as text than they were, and could not be sent back. */
const SHORT_STRING_BYTES = 255;

function incoming({ fields, properties, content }: ConsumeMessage, triedBefore: boolean): IncomingMessage {
  const text = (value: unknown): string | undefined =>
    typeof value === 'string' && value !== '' && Buffer.byteLength(value) <= SHORT_STRING_BYTES ? value : undefined;
  return {
    exchange: fields.exchange,
    routingKey: fields.routingKey,
    correlationId: text(properties.correlationId),
    replyTo: text(properties.replyTo),
    headers: properties.headers ?? {},
    body: content,
    redelivered: fields.redelivered || triedBefore,
    deliveredBefore: fields.redelivered,
  };
}

/** Consuming in sets. Invariant kept here: acknowledge last, after the set was handled whole. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import type { Logger } from 'pino';
import type { IncomingMessage } from '../contract/message.js';
import { messageOf } from '../errors.js';
import { DEFAULTS } from '../settings.js';
import { SuspectLane } from './suspect-lane.js';
import type { ConsumeOptions, Consumer, Suspect } from './transport.js';

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
  private readonly suspects: SuspectLane;
  /** Deliveries that suspects hold: what is acknowledged must leave them out. */
  private readonly held = new Set<Taken>();

  constructor(options: ConsumeOptions, logger: Logger) {
    this.options = options;
    this.logger = logger;
    this.suspects = new SuspectLane({ queue: options.queue, logger, signal: this.stopping.signal });
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
    this.forget();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    const { channel } = this;
    this.forget();
    await channel?.cancel(this.consumerTag).catch(() => undefined);
    this.forget();
    await Promise.all([this.working, this.suspects.idle()]);
    if (this.channel !== channel || channel === null) return;
    this.channel = null;
    // Closing would report itself as a failure of the link.
    channel.removeAllListeners('close');
    await channel.close().catch(() => undefined);
  }

  private forget(): void {
    this.waiting = [];
    this.held.clear();
    this.suspects.clear();
  }

  private take(taken: Taken): void {
    if (this.stopping.signal.aborted) return;
    this.waiting.push(taken);
    // Deliveries that arrived in the same packet belong to the same set.
    this.working ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => this.work());
  }

  private async work(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, this.options.maxSetSize);
      const suspects = await this.handle(batch);
      if (suspects) this.settle(batch, suspects);
    }
    this.working = null;
  }

  /** Acknowledges what was handled. Suspects are handled alone, and acknowledged then. */
  private settle(batch: readonly Taken[], suspects: ReadonlyMap<Suspect, readonly Taken[]>): void {
    for (const deliveries of suspects.values()) for (const taken of deliveries) this.held.add(taken);
    // A delivery and all before it, unless some of those are held: batches are handled one after the other.
    if (this.held.size === 0) this.acknowledge([batch.at(-1)!], true);
    else
      this.acknowledge(
        batch.filter((taken) => !this.held.has(taken)),
        false,
      );
    for (const [suspect, deliveries] of suspects)
      this.suspects.add(suspect, () => {
        for (const taken of deliveries) this.held.delete(taken);
        this.acknowledge(deliveries, false);
      });
  }

  private acknowledge(deliveries: readonly Taken[], allBefore: boolean): void {
    try {
      for (const { channel, delivery } of deliveries) channel.ack(delivery, allBefore);
    } catch {
      // The channel broke just now; the broker delivers them again, and they are recognized.
    }
  }

  /** @returns the suspects of the batch; null when its channel is gone or the process stops, and the broker delivers it again */
  private async handle(batch: readonly Taken[]): Promise<ReadonlyMap<Suspect, readonly Taken[]> | null> {
    const { channel } = batch[0]!;
    for (let attempt = 1; ; attempt++) {
      const messages = new Map(batch.map((taken) => [incoming(taken.delivery, attempt > 1), taken]));
      try {
        const suspects = (await this.options.handleSet([...messages.keys()])) ?? [];
        if (this.channel !== channel) return null;
        return new Map(suspects.map((each) => [each, each.messages.map((message) => messages.get(message)!)]));
      } catch (error) {
        const { queue } = this.options;
        this.logger.warn(
          { queue, attempt, size: batch.length, reason: messageOf(error) },
          'a set could not be handled; trying again',
        );
        const pause = Math.min(DEFAULTS.recoveryMaxMs, DEFAULTS.recoveryInitialMs * 2 ** (attempt - 1));
        await delay(pause, undefined, { signal: this.stopping.signal }).catch(() => undefined);
        if (this.channel !== channel || this.stopping.signal.aborted) return null;
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

/**
 * Consuming in batches. Invariant kept here: acknowledge last, after the batch was handled whole; what cannot be done
 * waits by itself and holds up nobody.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import type { Logger } from 'pino';
import type { IncomingMessage } from '../contract/message.js';
import { isShort } from '../contract/sendable.js';
import { messageOf } from '../errors.js';
import { CONSTANTS } from '../settings.js';
import { brokerAnswer } from './broker-answer.js';
import { QueueDeleted } from './rabbit-link.js';
import { SuspectQueue } from './suspect-queue.js';
import type { ConsumeOptions, Consumer, ConsumerHealth, Suspect } from './transport.js';
import { RetryQueue } from './retry-queue.js';
import { recoveryPauseMs } from '../util/backoff.js';

interface Taken {
  readonly channel: Channel;
  readonly delivery: ConsumeMessage;
}

interface UnfinishedDeliveries {
  readonly later: readonly Taken[];
  readonly suspects: ReadonlyMap<Suspect, readonly Taken[]>;
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
  /** Nothing can be done with these now. */
  private readonly later = new RetryQueue<Taken>(() => this.workSoon());
  private readonly suspects: SuspectQueue;
  /** Deliveries that suspects hold. */
  private readonly held = new Set<Taken>();
  private failures = 0;
  private failingSince: number | null = null;
  private reason: string | null = null;

  constructor(options: ConsumeOptions, logger: Logger) {
    this.options = options;
    this.logger = logger;
    this.suspects = new SuspectQueue({ queue: options.queue, logger, signal: this.stopping.signal });
  }

  isRunning(): boolean {
    return this.channel !== null;
  }

  health(): ConsumerHealth {
    const isFailing = this.failures >= CONSTANTS.failingAfterAttempts;
    const { queue } = this.options;
    return {
      running: this.isRunning(),
      failingSince: isFailing ? this.failingSince : null,
      reason: !this.isRunning()
        ? `${queue} is not consumed`
        : isFailing
          ? `${queue} cannot be handled: ${this.reason}`
          : null,
    };
  }

  /**
   * Begins on a connection.
   *
   * @param declared - resolves when the queue was declared; it is waited for only where there is no queue
   * @param fail - has the connection built anew when the channel breaks or the queue goes away
   */
  async open(connection: ChannelModel, declared: Promise<unknown>, fail: (reason: Error) => void): Promise<void> {
    if (this.stopping.signal.aborted || this.openedOn === connection) return;
    this.openedOn = connection;
    try {
      await this.consumeOn(connection, fail);
    } catch (error) {
      if ((error as { code?: unknown }).code !== 404) throw error;
      await declared;
      await this.consumeOn(connection, fail);
    }
  }

  /** Forgets deliveries of a connection that is gone: the broker will deliver them again. */
  down(): void {
    this.channel = null;
    this.forget();
    this.wentWell();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    const { channel, openedOn } = this;
    this.waiting = [];
    if (channel && openedOn)
      await brokerAnswer(openedOn, 'cancel a consumer', channel.cancel(this.consumerTag)).catch(() => undefined);
    await this.working;
    await this.suspects.stop();
    // Not before: as long as it is known what is not done, none of it is acknowledged with what comes after it.
    this.forget();
    if (this.channel !== channel || channel === null) return;
    this.channel = null;
    // Closing would report itself as a failure of the link.
    channel.removeAllListeners('close');
    await brokerAnswer(openedOn!, 'close a channel', channel.close()).catch(() => undefined);
  }

  private async consumeOn(connection: ChannelModel, fail: (reason: Error) => void): Promise<void> {
    const { queue, prefetch } = this.options;
    let isOpen = false;
    const breaks = (reason: Error): void => {
      if (isOpen) fail(reason);
    };
    const ask = <Answer>(what: string, asked: Promise<Answer>) => brokerAnswer(connection, `${what} ${queue}`, asked);
    const channel = await ask('open a channel for', connection.createChannel());
    channel.on('error', breaks);
    channel.on('close', () => breaks(new Error(`the channel that consumes ${queue} was closed`)));
    await ask('prefetch of', channel.prefetch(prefetch));
    const consuming = channel.consume(queue, (delivery) => {
      // The broker cancels a consumer whose queue was deleted.
      if (delivery === null) return fail(new QueueDeleted(queue));
      this.take({ channel, delivery });
    });
    const { consumerTag } = await ask('consume', consuming);
    isOpen = true;
    if (this.stopping.signal.aborted) {
      channel.removeAllListeners('close');
      return void channel.close().catch(() => undefined);
    }
    this.consumerTag = consumerTag;
    this.channel = channel;
  }

  private forget(): void {
    this.waiting = [];
    this.later.clear();
    this.held.clear();
    this.suspects.clear();
  }

  private take(taken: Taken): void {
    if (this.stopping.signal.aborted) return;
    this.waiting.push(taken);
    this.workSoon();
  }

  /** Deliveries that arrived in the same packet belong to the same batch. */
  private workSoon(): void {
    this.working ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => this.work());
  }

  private async work(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      // What a suspect holds is being handled.
      const again = this.later.takeDue().filter((taken) => !this.held.has(taken));
      const batch = again.length > 0 ? again : this.waiting.splice(0, this.options.maxBatchSize);
      if (batch.length === 0) break;
      const unfinished = await this.handle(batch, again.length > 0);
      if (unfinished) this.settle(batch, unfinished);
    }
    this.working = null;
  }

  /** Acknowledges what is done. Suspects are handled alone, and acknowledged then. */
  private settle(batch: readonly Taken[], { later, suspects }: UnfinishedDeliveries): void {
    for (const deliveries of suspects.values()) for (const taken of deliveries) this.held.add(taken);
    // A delivery and all before it, unless some of those are not done: batches are handled one after the other.
    if (this.held.size === 0 && this.later.size === 0 && later.length === 0) this.acknowledge([batch.at(-1)!], true);
    else
      this.conclude(
        batch.filter((taken) => !this.held.has(taken)),
        later,
      );
    for (const [suspect, deliveries] of suspects)
      this.suspects.add(suspect, (undone) => {
        for (const taken of deliveries) this.held.delete(taken);
        this.conclude(
          deliveries,
          deliveries.filter((_taken, index) => undone.includes(suspect.messages[index]!)),
        );
      });
  }

  /** Acknowledges deliveries, but for those that are to wait; of these, those that may not wait any longer. */
  private conclude(deliveries: readonly Taken[], later: readonly Taken[]): void {
    const givenUp = new Set(this.later.put(later));
    for (const { delivery } of givenUp) this.tellGivenUp(delivery);
    const done = deliveries.filter((taken) => !later.includes(taken) || givenUp.has(taken));
    for (const taken of done) this.later.delete(taken);
    this.acknowledge(done, false);
  }

  private acknowledge(deliveries: readonly Taken[], allBefore: boolean): void {
    try {
      for (const { channel, delivery } of deliveries) channel.ack(delivery, allBefore);
    } catch {
      // The channel broke just now; the broker delivers them again, and they are recognized.
    }
  }

  private tellGivenUp({ fields: { exchange, routingKey }, properties: { correlationId } }: ConsumeMessage): void {
    this.logger.error(
      { queue: this.options.queue, exchange, routingKey, correlationId: String(correlationId).slice(0, 255) },
      'a message is thrown away: it is of no use, and its dead letter found no room',
    );
  }

  /**
   * @returns what of the batch is not done; null when its channel is gone or the process stops, and the broker delivers
   *   it again
   */
  private async handle(batch: readonly Taken[], triedBefore: boolean): Promise<UnfinishedDeliveries | null> {
    const { channel } = batch[0]!;
    for (let attempt = 1; ; attempt++) {
      const messages = new Map(
        batch.map((taken) => [incoming(taken.delivery, triedBefore || attempt > 1), taken] as const),
      );
      const takenOf = (some: readonly IncomingMessage[] = []): Taken[] =>
        some.flatMap((each) => messages.get(each) ?? []);
      try {
        const unfinished = await this.options.handleBatch([...messages.keys()]);
        this.wentWell();
        if (this.channel !== channel) return null;
        return {
          later: takenOf(unfinished?.later),
          suspects: new Map((unfinished?.suspects ?? []).map((each) => [each, takenOf(each.messages)])),
        };
      } catch (error) {
        const { queue } = this.options;
        this.failures++;
        this.failingSince ??= Date.now();
        this.reason = messageOf(error);
        this.logger.warn(
          { queue, attempt, size: batch.length, reason: this.reason },
          'a batch could not be handled; trying again',
        );
        await delay(recoveryPauseMs(attempt), undefined, { signal: this.stopping.signal }).catch(() => undefined);
        if (this.channel !== channel || this.stopping.signal.aborted) return null;
      }
    }
  }

  private wentWell(): void {
    this.failures = 0;
    this.failingSince = null;
    this.reason = null;
  }
}

function incoming({ fields, properties, content }: ConsumeMessage, triedBefore: boolean): IncomingMessage {
  const text = (value: unknown): string | undefined =>
    typeof value === 'string' && value !== '' && isShort(value) ? value : undefined;
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

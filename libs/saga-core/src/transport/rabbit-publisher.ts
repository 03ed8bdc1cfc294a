/**
 * Publishing with confirms: every message is persistent and mandatory, and its fate is known before anything is
 * acknowledged for it. Invariant kept here: what the broker does not take of one message does not concern the others.
 * It closes the channel for it; then what was under way goes again on a new one, without the guilty one.
 */
import type { ChannelModel, ConfirmChannel } from 'amqplib';
import type { OutgoingMessage } from '../contract/message.js';
import { COMMAND_EXCHANGE, DEAD_LETTER_EXCHANGE } from '../contract/routing.js';
import { whyUnsendable } from '../contract/sendable.js';
import { messageOf, SagaError } from '../errors.js';
import { CONSTANTS } from '../settings.js';
import { brokerAnswer, closeQuietly } from './broker-answer.js';
import { isGuilty, refusalIn, Refusals } from './refusals.js';
import type { PublishOutcome } from './transport.js';

export interface PublisherOptions {
  /** Closes the connection when confirms do not come, or it is of no use. */
  readonly fail: (reason: Error) => void;
  /** Whether the broker has said that it does not read now: then its silence means nothing. */
  readonly isBlocked: () => boolean;
  /** Told which exchange does not exist, or may not be written to by this user. */
  readonly onRefused: (exchange: string) => void;
  /** Declares an exchange that is missing. @returns whether it is there now */
  readonly restore: (exchange: string) => Promise<boolean>;
  /** Told of each message that was refused, and why. */
  readonly tell: (message: OutgoingMessage, reason: string) => void;
}

interface PendingBatch {
  readonly outcomes: PublishOutcome[];
  readonly resolve: (outcomes: PublishOutcome[]) => void;
  readonly reject: (reason: Error) => void;
  readonly timeout: NodeJS.Timeout;
  missing: number;
}

/** One message on its way. */
interface Flight {
  readonly message: OutgoingMessage;
  readonly batch: PendingBatch;
  readonly index: number;
  /** Its exchange was missing and declared again, once. */
  wasRestored: boolean;
}

/** Publishes on one connection; a new connection gets a new publisher. */
export class RabbitPublisher {
  private readonly connection: ChannelModel;
  private readonly options: PublisherOptions;
  private readonly frameMax: number;
  /** Null while a new one is being opened. */
  private channel: ConfirmChannel | null = null;
  private readonly pending = new Set<PendingBatch>();
  /** Sent on the channel and not confirmed, by message id, in the order in which they were sent. */
  private readonly flights = new Map<string, Flight>();
  /** Not sent yet, because there is no channel, or suspects go first. */
  private waiting: Flight[] = [];
  /** Among them is one for which the channel was closed, and it is not known which: they go one by one. */
  private suspects: Flight[] = [];
  private readonly refusals = new Refusals();
  /** When the channel's first message was nacked. */
  private nackedAt: number | null = null;
  private nextMessageId = 1;
  private abandoned: Error | null = null;

  private constructor(connection: ChannelModel, options: PublisherOptions) {
    this.connection = connection;
    this.options = options;
    this.frameMax = (connection.connection as { frameMax?: number }).frameMax ?? Infinity;
  }

  /** @returns a publisher on a channel of its own. */
  static async open(connection: ChannelModel, options: PublisherOptions): Promise<RabbitPublisher> {
    const publisher = new RabbitPublisher(connection, options);
    await publisher.openChannel();
    return publisher;
  }

  /** @returns the fate of each message, in order. @throws {SagaError} TRANSPORT_UNAVAILABLE */
  publish(messages: readonly OutgoingMessage[]): Promise<PublishOutcome[]> {
    if (this.abandoned) return Promise.reject(unavailable(this.abandoned));
    return new Promise((resolve, reject) => {
      const batch: PendingBatch = {
        outcomes: messages.map(() => 'confirmed'),
        resolve,
        reject,
        missing: messages.length,
        timeout: setInterval(() => {
          if (!this.options.isBlocked()) this.options.fail(new Error('RabbitMQ did not confirm in time'));
        }, CONSTANTS.confirmTimeoutMs),
      };
      this.pending.add(batch);
      for (const [index, message] of messages.entries())
        this.waiting.push({ message, batch, index, wasRestored: false });
      this.flush();
    });
  }

  /** Fails all that is not confirmed. */
  abandon(reason: Error): void {
    this.abandoned = reason;
    if (this.channel) closeQuietly(this.channel);
    this.channel = null;
    for (const batch of this.pending) this.settle(batch, reason);
    this.flights.clear();
    [this.waiting, this.suspects] = [[], []];
  }

  /** Closes its channel, when nothing is to be confirmed any more. */
  async close(): Promise<void> {
    const { channel } = this;
    this.channel = null;
    // What is not there to be closed, or does not answer, is closed with its connection.
    if (channel) await brokerAnswer(this.connection, 'close a channel', channel.close()).catch(() => undefined);
  }

  private async openChannel(): Promise<void> {
    const channel = await brokerAnswer(this.connection, 'open a channel', this.connection.createConfirmChannel());
    if (this.abandoned) return closeQuietly(channel);
    channel.on('error', (error: Error) => void this.recover(channel, error));
    channel.on('close', () => {
      if (this.channel === channel) this.options.fail(new Error('the publishing channel was closed'));
    });
    // RabbitMQ sends a return before the confirm of the same message.
    channel.on('return', (message: { properties: { messageId: string } }) => {
      const flight = this.flights.get(message.properties.messageId);
      if (flight) flight.batch.outcomes[flight.index] = 'returned';
    });
    this.channel = channel;
    this.nackedAt = null;
  }

  /** The broker has closed the channel because of a message. */
  private async recover(channel: ConfirmChannel, error: Error): Promise<void> {
    if (this.channel !== channel) return;
    this.channel = null;
    const underWay = [...this.flights.values()];
    this.flights.clear();
    const refusal = refusalIn(error);
    const isBack = refusal?.isMissing === true && (await this.options.restore(refusal.exchange));
    if (refusal && !refusal.isMissing) this.refusals.note(refusal);
    if (refusal && !isBack && refusal.routingKey === null) this.options.onRefused(refusal.exchange);
    const isAlone = underWay.length === 1;
    const concerned = underWay.filter(({ message }) => isAlone || isGuilty(message, error));
    const guilty = new Set(concerned.filter((flight) => !isBack || flight.wasRestored));
    for (const flight of concerned) flight.wasRestored = true;
    // Without an exchange that no message has chosen, the broker is not set up: no message is to blame.
    const isNotSetUp = refusal?.isMissing === true && STATIC_EXCHANGES.includes(refusal.exchange);
    for (const flight of guilty)
      if (isNotSetUp) this.settle(flight.batch, error);
      else this.refuse(flight, messageOf(error));
    const others = underWay.filter((flight) => !guilty.has(flight));
    // What was returned on the channel that is gone may be taken on the next.
    for (const { batch, index } of others) batch.outcomes[index] = 'confirmed';
    if (concerned.length > 0) this.waiting = [...others, ...this.waiting];
    else this.suspects = [...others, ...this.suspects];
    try {
      await this.openChannel();
      this.flush();
    } catch (reason) {
      this.options.fail(reason as Error);
    }
  }

  /** Sends what waits. */
  private flush(): void {
    while (this.channel && this.suspects.length > 0) {
      if (this.flights.size > 0) return;
      this.send(this.channel, this.suspects.shift()!);
    }
    const { channel } = this;
    if (!channel) return;
    if (this.nackedAt !== null && performance.now() - this.nackedAt >= CONSTANTS.recoveryMaxMs)
      return this.renew(channel);
    const waiting = this.waiting;
    this.waiting = [];
    for (const flight of waiting) this.send(channel, flight);
  }

  /**
   * A quorum queue that was full may go on refusing a channel after it was purged, or may hold more: a new one is
   * asked, once nothing is under way.
   */
  private renew(channel: ConfirmChannel): void {
    if (this.flights.size > 0) return;
    this.channel = null;
    closeQuietly(channel);
    this.openChannel().then(() => this.flush(), this.options.fail);
  }

  private send(channel: ConfirmChannel, flight: Flight): void {
    const { message } = flight;
    if (!this.pending.has(flight.batch)) return;
    if (this.refusals.concern(message)) return this.refuse(flight, 'the broker has refused its like just now');
    const problem = whyUnsendable(message, this.frameMax);
    if (problem !== null) return this.refuse(flight, problem);
    const messageId = String(this.nextMessageId++);
    const { exchange, routingKey, body, correlationId, replyTo, headers } = message;
    const properties = {
      persistent: true,
      mandatory: true,
      contentType: 'application/json',
      messageId,
      headers,
      ...(correlationId === undefined ? {} : { correlationId }),
      ...(replyTo === undefined ? {} : { replyTo }),
    };
    const onConfirm = (error: Error | null): void => {
      // All that a closed channel had is failed here too: `recover`, or the end of the connection, sees to that.
      if (error && error.message !== NACKED) return;
      if (!this.flights.delete(messageId)) return;
      if (error) {
        this.nackedAt ??= performance.now();
        this.refuse(flight, 'the broker did not take it (nack): is the queue full?');
      } else this.done(flight);
      if (this.suspects.length > 0 || this.waiting.length > 0) this.flush();
    };
    this.flights.set(messageId, flight);
    try {
      channel.publish(exchange, routingKey, body, properties, onConfirm);
    } catch (error) {
      this.flights.delete(messageId);
      // amqplib encodes a message whole before it writes anything of it; or else the channel is of no use.
      if ((error as Error).name === 'IllegalOperationError') this.options.fail(error as Error);
      else this.refuse(flight, messageOf(error));
    }
  }

  private refuse(flight: Flight, reason: string): void {
    flight.batch.outcomes[flight.index] = 'refused';
    this.options.tell(flight.message, reason);
    this.done(flight);
  }

  private done({ batch }: Flight): void {
    if (--batch.missing === 0) this.settle(batch, null);
  }

  private settle(batch: PendingBatch, reason: Error | null): void {
    if (!this.pending.delete(batch)) return;
    clearInterval(batch.timeout);
    if (reason === null) return batch.resolve(batch.outcomes);
    batch.reject(unavailable(reason));
  }
}

const unavailable = (reason: Error): SagaError =>
  new SagaError('TRANSPORT_UNAVAILABLE', `Publishing to RabbitMQ failed: ${reason.message}`, { cause: reason });

const STATIC_EXCHANGES = [COMMAND_EXCHANGE, DEAD_LETTER_EXCHANGE];

/** What amqplib says of a message that the broker did not take. */
const NACKED = 'message nacked';

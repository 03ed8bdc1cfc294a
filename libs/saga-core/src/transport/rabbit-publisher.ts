/** Publishing with confirms: every message is persistent and mandatory, and its fate is known before anything is acknowledged for it. */
import type { ChannelModel, ConfirmChannel } from 'amqplib';
import type { OutgoingMessage } from '../contract/message.js';
import { SagaError } from '../errors.js';
import { DEFAULTS } from '../settings.js';
import type { PublishOutcome } from './transport.js';

/** The words with which RabbitMQ closes a channel whose user may not write to an exchange: 3.x says access, 4.x write access. */
const WRITE_REFUSED = /access to exchange '([^']+)'/;
const ACCESS_REFUSED = 403;

export interface PublisherOptions {
  /** Closes the connection when confirms do not come, or the channel breaks. */
  readonly fail: (reason: Error) => void;
  /** Whether the broker has said that it does not read now: then its silence means nothing. */
  readonly isBlocked: () => boolean;
  /** Told which exchange this user may not write to; the channel is lost by it. */
  readonly onRefused: (exchange: string) => void;
}

interface PendingSet {
  readonly outcomes: PublishOutcome[];
  readonly resolve: (outcomes: PublishOutcome[]) => void;
  readonly reject: (reason: Error) => void;
  readonly timeout: NodeJS.Timeout;
  missing: number;
}

/** Publishes on one confirm channel of one connection; a new connection gets a new publisher. */
export class RabbitPublisher {
  private readonly channel: ConfirmChannel;
  private readonly fail: (reason: Error) => void;
  private readonly isBlocked: () => boolean;
  private readonly pending = new Set<PendingSet>();
  private readonly returned = new Map<string, () => void>();
  private nextMessageId = 1;

  private constructor(channel: ConfirmChannel, { fail, isBlocked, onRefused }: PublisherOptions) {
    this.channel = channel;
    this.fail = fail;
    this.isBlocked = isBlocked;
    channel.on('error', (error: Error & { readonly code?: number }) => {
      const refused = error.code === ACCESS_REFUSED && WRITE_REFUSED.exec(error.message)?.[1];
      if (refused) onRefused(refused);
      fail(error);
    });
    channel.on('close', () => fail(new Error('the publishing channel was closed')));
    // RabbitMQ sends a return before the confirm of the same message.
    channel.on('return', (message: { properties: { messageId: string } }) =>
      this.returned.get(message.properties.messageId)?.(),
    );
  }

  /** @returns a publisher on a channel of its own. */
  static async open(connection: ChannelModel, options: PublisherOptions): Promise<RabbitPublisher> {
    return new RabbitPublisher(await connection.createConfirmChannel(), options);
  }

  /** @returns the fate of each message, in order. @throws {SagaError} TRANSPORT_UNAVAILABLE */
  publish(messages: readonly OutgoingMessage[]): Promise<PublishOutcome[]> {
    return new Promise((resolve, reject) => {
      const set: PendingSet = {
        outcomes: messages.map(() => 'confirmed'),
        resolve,
        reject,
        missing: messages.length,
        timeout: setInterval(() => {
          if (!this.isBlocked()) this.fail(new Error('RabbitMQ did not confirm in time'));
        }, DEFAULTS.confirmTimeoutMs),
      };
      this.pending.add(set);
      try {
        messages.forEach((message, index) => this.send(message, index, set));
      } catch (error) {
        this.settle(set, error as Error);
      }
    });
  }

  /** Fails all that is not confirmed. */
  abandon(reason: Error): void {
    for (const set of this.pending) this.settle(set, reason);
    this.returned.clear();
  }

  /** Closes its channel, when nothing is to be confirmed any more. */
  async close(): Promise<void> {
    // Closing would report itself as a failure.
    this.channel.removeAllListeners('close');
    try {
      await this.channel.close();
    } catch {
      // It is closed already.
    }
  }

  private send(message: OutgoingMessage, index: number, set: PendingSet): void {
    const messageId = String(this.nextMessageId++);
    this.returned.set(messageId, () => (set.outcomes[index] = 'returned'));
    const { exchange, routingKey, body, correlationId, replyTo, headers } = message;
    this.channel.publish(
      exchange,
      routingKey,
      body,
      {
        persistent: true,
        mandatory: true,
        contentType: 'application/json',
        messageId,
        headers,
        ...(correlationId === undefined ? {} : { correlationId }),
        ...(replyTo === undefined ? {} : { replyTo }),
      },
      (nacked: unknown) => {
        this.returned.delete(messageId);
        if (nacked) return this.settle(set, new Error('RabbitMQ refused the message (nack): is the queue full?'));
        if (--set.missing === 0) this.settle(set, null);
      },
    );
  }

  private settle(set: PendingSet, reason: Error | null): void {
    if (!this.pending.delete(set)) return;
    clearInterval(set.timeout);
    if (reason === null) return set.resolve(set.outcomes);
    set.reject(
      new SagaError('TRANSPORT_UNAVAILABLE', `Publishing to RabbitMQ failed: ${reason.message}`, { cause: reason }),
    );
  }
}

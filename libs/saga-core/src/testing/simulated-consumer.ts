/**
 * A consumer that is driven from outside: one batch after the other, a failed one again in the same process,
 * acknowledged last.
 */
import type { IncomingMessage } from '../contract/message.js';
import { CONSTANTS } from '../settings.js';
import type { ConsumeOptions, Consumer, ConsumerHealth } from '../transport/transport.js';

/** What a consumer needs of its broker. */
interface Queues {
  isDue(queue: string): boolean;
  next(queue: string): IncomingMessage;
  nextDelivery(queue: string): number | null;
  take(queue: string, count: number): IncomingMessage[];
  redeliver(queue: string, messages: readonly IncomingMessage[], afterMs: number): void;
}

export class SimulatedConsumer implements Consumer {
  readonly options: ConsumeOptions;
  private readonly broker: Queues;
  private readonly clock: () => number;
  private running = true;
  /** Not acknowledged yet. */
  private hand: readonly IncomingMessage[] = [];
  private tryAt = 0;

  constructor(options: ConsumeOptions, broker: Queues, clock: () => number) {
    this.options = options;
    this.broker = broker;
    this.clock = clock;
  }

  isRunning(): boolean {
    return this.running;
  }

  health(): ConsumerHealth {
    return {
      running: this.running,
      failingSince: null,
      reason: this.running ? null : `${this.options.queue} is not consumed`,
    };
  }

  async stop(): Promise<void> {
    this.running = false;
    this.giveBack();
  }

  /** @returns when there is a set to handle: in milliseconds since the epoch, or null when nothing lies there */
  nextSet(): number | null {
    if (!this.running) return null;
    return this.hand.length > 0 ? this.tryAt : this.broker.nextDelivery(this.options.queue);
  }

  /** @returns whether there is a set to handle now */
  isReady(): boolean {
    if (!this.running) return false;
    return this.hand.length > 0 ? this.tryAt <= this.clock() : this.broker.isDue(this.options.queue);
  }

  /** @returns the message that comes next. It must be ready. */
  peek(): IncomingMessage {
    return this.hand[0] ?? this.broker.next(this.options.queue);
  }

  /** @returns the set to handle now: that which failed, or a new one of up to `most` messages */
  take(most: number): readonly IncomingMessage[] {
    const { queue, maxBatchSize, prefetch } = this.options;
    if (this.hand.length === 0) this.hand = this.broker.take(queue, Math.min(most, maxBatchSize, prefetch));
    return this.hand;
  }

  /**
   * The batch in hand was handled: it is acknowledged.
   *
   * @param undone - but for these, which are tried again later, while others go on
   */
  acknowledge(undone: readonly IncomingMessage[] = []): void {
    this.hand = [];
    if (undone.length > 0) this.broker.redeliver(this.options.queue, undone, CONSTANTS.recoveryMaxMs);
  }

  /** The batch in hand could not be handled: the same process tries it again after a pause. */
  retry(): void {
    this.hand = this.hand.map((message) => ({ ...message, redelivered: true }));
    this.tryAt = this.clock() + CONSTANTS.recoveryInitialMs;
  }

  /**
   * The broker has lost sight of this process, and gives the batch in hand to others.
   *
   * @param afterMs - so long it takes to notice
   */
  giveBack(afterMs = 0): void {
    this.broker.redeliver(this.options.queue, this.hand, afterMs);
    this.hand = [];
  }
}

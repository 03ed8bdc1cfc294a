/** The port between saga-core and the broker. */
import type { IncomingMessage, OutgoingMessage } from '../contract/message.js';
import type { Topology } from './topology.js';

/**
 * confirmed: a queue has it. returned: no queue takes it. refused: it cannot be written, is too large, may not be
 * written there, or its queue takes no more (then it may be in the queue all the same); the others are not touched by
 * that.
 */
export type PublishOutcome = 'confirmed' | 'returned' | 'refused';

export interface ConsumeOptions {
  readonly queue: string;
  /** The most unacknowledged deliveries. */
  readonly prefetch: number;
  /** The most deliveries in one batch. */
  readonly maxBatchSize: number;
  /**
   * Handles a batch of deliveries. When it resolves, all of them are acknowledged but what it gives as unfinished. When
   * it rejects, the same batch is given again after a pause, marked as redelivered; so it rejects only for trouble that
   * passes, and never for one bad message.
   */
  readonly handleBatch: (batch: readonly IncomingMessage[]) => Promise<Partial<Unfinished> | void>;
}

/** What of a batch is not done; the batches that follow go on. */
export interface Unfinished {
  /** Nothing can be done with these now: they wait by themselves, and are given again later. */
  readonly later: readonly IncomingMessage[];
  readonly suspects: readonly Suspect[];
}

/** Messages that failed beside others, or took too long: they are handled alone, and then acknowledged. */
export interface Suspect {
  readonly messages: readonly IncomingMessage[];
  /**
   * Rejects only for trouble that passes: then it is called again.
   *
   * @returns those with which nothing can be done now
   */
  handleIsolated(): Promise<readonly IncomingMessage[]>;
}

/** How a consumer fares. */
export interface ConsumerHealth {
  /** Whether deliveries arrive now. */
  readonly running: boolean;
  /** Since when each batch has failed, in milliseconds since the epoch; null while all is well. */
  readonly failingSince: number | null;
  /** Why it does not run, or the last batch failed; null while all is well. */
  readonly reason: string | null;
}

export interface Consumer {
  /** @returns whether deliveries arrive now. */
  isRunning(): boolean;
  health(): ConsumerHealth;
  /** Stops taking deliveries, finishes and acknowledges the batch in hand; the broker gives the rest to others. */
  stop(): Promise<void>;
}

export interface Transport {
  /** @returns whether the broker is connected. */
  isReady(): boolean;
  /** @returns whether messages can be published now: connected, and not blocked by an alarm of the broker. */
  canPublish(): boolean;
  /**
   * Resolves once it is ready, all that is used was declared, and all consumers run; or when it is to wait no longer.
   *
   * @param signal - ends the waiting
   */
  untilReady(signal: AbortSignal): Promise<void>;
  /** Sees to it that exchanges, queues and bindings are there, now and after each reconnection. */
  use(topology: Topology): void;
  /**
   * Publishes a batch and waits for the broker's confirms. What is wrong with one message concerns that message alone.
   *
   * @returns what became of each message, in order
   * @throws {SagaError} TRANSPORT_UNAVAILABLE when the broker is away, or confirms fail to come; some messages may have
   *   arrived all the same
   */
  publish(messages: readonly OutgoingMessage[]): Promise<PublishOutcome[]>;
  /**
   * @returns whether a reply exchange exists, and has not refused to be written to; asking does no harm to what is
   *   being published
   * @throws {SagaError} TRANSPORT_UNAVAILABLE
   */
  canPublishTo(exchange: string): Promise<boolean>;
  /** Consumes a queue, and goes on after each reconnection. */
  consume(options: ConsumeOptions): Consumer;
  /** Closes what is open; consumers are to be stopped before. */
  close(): Promise<void>;
}

/** The port between saga-core and the broker. */
import type { IncomingMessage, OutgoingMessage } from '../contract/message.js';
import type { Topology } from './topology.js';

/** confirmed: a queue has it. returned: no queue takes it. */
export type PublishOutcome = 'confirmed' | 'returned';

export interface ConsumeOptions {
  readonly queue: string;
  /** The most unacknowledged deliveries. */
  readonly prefetch: number;
  /** The most deliveries in one set. */
  readonly maxSetSize: number;
  /**
   * Handles a batch of deliveries. When it resolves, all of them are acknowledged but the suspects that it gives. When
   * it rejects, the same batch is given again after a pause, marked as redelivered; so it rejects only for trouble that
   * passes, and never for one bad message.
   */
  readonly handleSet: (set: readonly IncomingMessage[]) => Promise<readonly Suspect[] | void>;
}

/**
 * Messages that failed beside others, or took too long. They are handled alone, while the batches that follow go on, and
 * then acknowledged.
 */
export interface Suspect {
  readonly messages: readonly IncomingMessage[];
  /** Rejects only for trouble that passes: then it is called again. */
  handleAlone(): Promise<void>;
}

export interface Consumer {
  /** @returns whether deliveries arrive now. */
  isRunning(): boolean;
  /** Stops taking deliveries, finishes and acknowledges the set in hand; the broker gives the rest to others. */
  stop(): Promise<void>;
}

export interface Transport {
  /** @returns whether the broker is connected. */
  isReady(): boolean;
  /** @returns whether messages can be published now: connected, and not blocked by an alarm of the broker. */
  canPublish(): boolean;
  /** Sees to it that exchanges, queues and bindings are there, now and after each reconnection. */
  use(topology: Topology): void;
  /**
   * Publishes a set and waits for the broker's confirms.
   *
   * @returns what became of each message, in order
   * @throws {SagaError} TRANSPORT_UNAVAILABLE when confirms fail to come; some messages may have arrived all the same
   */
  publish(messages: readonly OutgoingMessage[]): Promise<PublishOutcome[]>;
  /**
   * @returns whether a reply exchange exists, and has not refused to be written to; asking does no harm to what is being published
   * @throws {SagaError} TRANSPORT_UNAVAILABLE
   */
  canPublishTo(exchange: string): Promise<boolean>;
  /** Consumes a queue, and goes on after each reconnection. */
  consume(options: ConsumeOptions): Consumer;
  /** Closes what is open; consumers are to be stopped before. */
  close(): Promise<void>;
}

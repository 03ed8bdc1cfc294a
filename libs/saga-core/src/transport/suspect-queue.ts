/** Handles suspects beside the batches that follow, each alone and a few at a time, until each is done. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { IncomingMessage } from '../contract/message.js';
import { messageOf } from '../errors.js';
import { CONSTANTS } from '../settings.js';
import type { Suspect } from './transport.js';
import { recoveryPauseMs } from '../util/backoff.js';

export interface SuspectQueueOptions {
  readonly queue: string;
  readonly logger: Logger;
  /** No suspect is begun, or tried again, after it. */
  readonly signal: AbortSignal;
}

export class SuspectQueue {
  private readonly options: SuspectQueueOptions;
  private readonly running = new Set<Promise<void>>();
  private waiting: (() => Promise<void>)[] = [];
  /** Counts the connections: what belongs to an older one is not tried again. */
  private generation = 0;

  constructor(options: SuspectQueueOptions) {
    this.options = options;
  }

  /** @param onDone - called with what is not done when it was handled, unless the lane was cleared meanwhile */
  add(suspect: Suspect, onDone: (later: readonly IncomingMessage[]) => void): void {
    const { generation } = this;
    this.waiting.push(async () => {
      const later = await this.handle(suspect, generation);
      if (later && generation === this.generation) onDone(later);
    });
    this.fill();
  }

  /** Forgets what waits: the broker will deliver it again. What runs comes to its end. */
  clear(): void {
    this.generation++;
    this.waiting = [];
  }

  /** Begins nothing more; to be called when the signal has come. What runs comes to its end, and is told of. */
  async stop(): Promise<void> {
    this.waiting = [];
    await Promise.all(this.running);
  }

  private fill(): void {
    while (this.running.size < CONSTANTS.maxConcurrentSuspects && this.waiting.length > 0) {
      const task = this.waiting.shift()!().finally(() => {
        this.running.delete(task);
        this.fill();
      });
      this.running.add(task);
    }
  }

  /** @returns what is not done; null when it is left to whoever gets it next */
  private async handle(suspect: Suspect, generation: number): Promise<readonly IncomingMessage[] | null> {
    const { queue, logger, signal } = this.options;
    for (let attempt = 1; !signal.aborted && generation === this.generation; attempt++) {
      try {
        return await suspect.handleIsolated();
      } catch (error) {
        logger.warn({ queue, attempt, reason: messageOf(error) }, 'a message could not be handled alone; trying again');
        await delay(recoveryPauseMs(attempt), undefined, { signal }).catch(() => undefined);
      }
    }
    return null;
  }
}

/**
 * One connection to RabbitMQ that comes back. A link is the unit of recovery: whatever breaks, be it the connection, a
 * channel or a consumer, the link is closed and built anew by `setup`, so that there is one way to come up and one to
 * go down.
 */
import type { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { connect, type ChannelModel } from 'amqplib';
import type { Logger } from 'pino';
import { corkWrites } from '../util/cork-writes.js';
import { messageOf } from '../errors.js';
import { CONSTANTS } from '../settings.js';
import { guardHeaders, TESTED_WITH } from './guard-headers.js';
import { recoveryPauseMs } from '../util/backoff.js';
import { withTimeout } from '../util/with-timeout.js';

/** A peer that does not answer must not keep the link from coming back: the socket ends with its heartbeat. */
const CLOSE_TIMEOUT_MS = 500;

export interface LinkOptions {
  /** The nodes of one cluster; each attempt takes the next. */
  readonly urls: readonly string[];
  /** Shown in the management UI. */
  readonly name: string;
  readonly logger: Logger;
  /** Opens channels and consumers. `fail` closes the link and has it built anew. */
  readonly setup: (connection: ChannelModel, fail: (reason: Error) => void) => Promise<void>;
  /** Called whenever the link went down, also when it did not come up whole. */
  readonly onDown: (reason: Error) => void;
}

/** The broker cancelled a consumer, because its queue was deleted. The link waits until the deletion is over. */
export class QueueDeleted extends Error {
  constructor(queue: string) {
    super(`the broker cancelled the consumer of ${queue}: was the queue deleted?`);
    this.name = 'QueueDeleted';
  }
}

export class RabbitLink {
  private readonly options: LinkOptions;
  private readonly stopping = new AbortController();
  private readonly finished: Promise<void>;
  private connection: ChannelModel | null = null;
  private blocked = false;
  private endCurrent: () => void = () => undefined;

  constructor(options: LinkOptions) {
    this.options = options;
    this.finished = this.run();
  }

  /** @returns whether the link is up. */
  isUp(): boolean {
    return this.connection !== null;
  }

  /** @returns whether the broker has stopped reading from this connection, because of an alarm. */
  isBlocked(): boolean {
    return this.blocked;
  }

  /** The connection, while the link is up. */
  get current(): ChannelModel | null {
    return this.connection;
  }

  /** Closes the link for good. */
  async close(): Promise<void> {
    this.stopping.abort();
    this.endCurrent();
    await this.finished;
  }

  private isStopping(): boolean {
    return this.stopping.signal.aborted;
  }

  private async run(): Promise<void> {
    const { urls, name, logger } = this.options;
    let failures = 0;
    for (let attempt = 0; !this.isStopping(); attempt++) {
      let upSince = Infinity;
      const reason = await this.once(urls[attempt % urls.length]!, () => {
        upSince = performance.now();
        if (failures > 0) logger.info({ link: name }, 'connected to RabbitMQ again');
      });
      if (this.isStopping()) break;
      // To come up is not enough: what breaks again at once is to be tried more and more seldom.
      const wasGood = performance.now() - upSince >= CONSTANTS.connectionGoodAfterMs;
      failures = wasGood ? 1 : failures + 1;
      logger.warn({ link: name, reason: messageOf(reason) }, 'connection to RabbitMQ lost or refused; trying again');
      const backoff = recoveryPauseMs(failures);
      const pause = reason instanceof QueueDeleted ? Math.max(backoff, CONSTANTS.queueDeletedPauseMs) : backoff;
      await delay(pause, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }

  /** Comes up and stays until something breaks. @returns why it went down */
  private async once(url: string, onUp: () => void): Promise<Error> {
    let connection: ChannelModel | undefined;
    try {
      connection = await this.connect(url);
      if (!guardHeaders(connection))
        this.options.logger.error(
          { testedWith: TESTED_WITH },
          'headers of messages are not bounded: this amqplib is another one inside',
        );
      corkWrites((connection.connection as unknown as { stream: Writable }).stream);
      const down = this.downOf(connection);
      await Promise.race([
        this.options.setup(connection, down.fail),
        down.reason.then((reason) => Promise.reject(reason)),
      ]);
      this.connection = connection;
      onUp();
      return await down.reason;
    } catch (error) {
      return error as Error;
    } finally {
      this.connection = null;
      this.blocked = false;
      this.options.onDown(new Error('the connection was lost'));
      if (connection)
        await withTimeout(
          connection.close().catch(() => undefined),
          CLOSE_TIMEOUT_MS,
          () => undefined,
        );
    }
  }

  /** Connects; a link that is closed meanwhile does not wait for an answer. */
  private async connect(url: string): Promise<ChannelModel> {
    const { signal } = this.stopping;
    const connecting = connect(withHeartbeat(url), {
      timeout: CONSTANTS.connectTimeoutMs,
      clientProperties: { connection_name: this.options.name },
      noDelay: true,
    });
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        reject(new Error('closed'));
        connecting.then(
          (late) => late.close().catch(() => undefined),
          () => undefined,
        );
      };
      signal.addEventListener('abort', onAbort, { once: true });
      connecting.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
    });
  }

  private downOf(connection: ChannelModel): { reason: Promise<Error>; fail: (reason: Error) => void } {
    let fail: (reason: Error) => void = () => undefined;
    const reason = new Promise<Error>((resolve) => (fail = resolve));
    connection.on('error', fail);
    connection.on('close', (error?: Error) => fail(error ?? new Error('the connection was closed')));
    connection.on('blocked', (why: string) => {
      this.blocked = true;
      this.options.logger.warn({ link: this.options.name, why }, 'RabbitMQ has blocked publishing');
    });
    connection.on('unblocked', () => {
      this.blocked = false;
      this.options.logger.info({ link: this.options.name }, 'RabbitMQ takes messages again');
    });
    this.endCurrent = () => fail(new Error('closed'));
    if (this.isStopping()) this.endCurrent();
    return { reason, fail };
  }
}

function withHeartbeat(url: string): string {
  const parsed = new URL(url);
  if (!parsed.searchParams.has('heartbeat')) parsed.searchParams.set('heartbeat', String(CONSTANTS.heartbeatSeconds));
  return parsed.href;
}

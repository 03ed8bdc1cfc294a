/**
 * The transport on RabbitMQ: one connection to publish and one to consume, so that an alarm which blocks publishers
 * does not block acknowledgements.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { ChannelModel } from 'amqplib';
import type { Logger } from 'pino';
import { logSparsely } from '../util/log-sparsely.js';
import { SagaError } from '../errors.js';
import { CONSTANTS } from '../settings.js';
import { withTimeout } from '../util/with-timeout.js';
import { brokerAnswer, closeQuietly, isUnanswered } from './broker-answer.js';
import type { DeadLetters } from './dead-letters.js';
import { declareTopology } from './declare-topology.js';
import { redeclarePeriodically } from './redeclare-periodically.js';
import { RabbitConsumer } from './rabbit-consumer.js';
import { rabbitDeadLetters } from './rabbit-dead-letters.js';
import { RabbitLink } from './rabbit-link.js';
import { RabbitPublisher } from './rabbit-publisher.js';
import type { Topology } from './topology.js';
import type { Transport } from './transport.js';

export interface RabbitOptions {
  /** `amqp://user:password@host:port/vhost`, one for each node of the cluster. */
  readonly urls: readonly string[];
  /** The name of the service, shown in the management UI. */
  readonly name: string;
  readonly logger: Logger;
  /** Whether to declare exchanges, queues and bindings; false where a deploy user has done so. True unless given. */
  readonly declare?: boolean;
}

export interface RabbitTransport extends Transport {
  /** What lies in dead-letter queues. */
  readonly deadLetters: DeadLetters;
}

/** @returns a transport that connects by itself, and again whenever the connection is lost. */
export function connectTransport(options: RabbitOptions): RabbitTransport {
  const { urls, name, logger } = options;
  if (urls.length === 0) throw new SagaError('INVALID_SETTING', 'connectTransport needs at least one URL');
  const topologies: Topology[] = [];
  /** Those that were declared at least once. */
  const declared = new Set<Topology>();
  const consumers = new Set<RabbitConsumer>();
  const addresses = new Map<string, { usable: boolean; until: number }>();
  const remember = (exchange: string, usable: boolean): void => {
    if (addresses.size >= MOST_ADDRESSES) addresses.clear();
    const until = usable ? Infinity : performance.now() + CONSTANTS.missingAddressTtlMs;
    addresses.set(exchange, { usable, until });
  };
  let publisher: RabbitPublisher | null = null;
  // Set from the beginning of each set-up, so that what is added meanwhile is not forgotten.
  let consumingOn: { connection: ChannelModel; fail: (reason: Error) => void } | null = null;
  let endDeclaring = (): void => undefined;
  let additions = Promise.resolve();
  const addNow = (work: (connection: ChannelModel, fail: (reason: Error) => void) => Promise<void>): void => {
    additions = additions.then(async () => {
      const on = consumingOn;
      if (on) await work(on.connection, on.fail).catch(on.fail);
    });
  };

  const declare = async (connection: ChannelModel, topology: Topology): Promise<void> => {
    if (options.declare !== false) await declareTopology(connection, topology);
    declared.add(topology);
  };
  const declareAllOn = async (connection: ChannelModel): Promise<void> => {
    for (const topology of topologies) await declare(connection, topology);
  };

  /** An exchange of ours that somebody has deleted is there again before anything is refused for it. */
  const restore = async (exchange: string): Promise<boolean> => {
    const isOurs = topologies.some(({ exchanges }) => exchanges.some(({ name }) => name === exchange));
    if (!isOurs || options.declare === false || !consumingOn) return false;
    return declareAllOn(consumingOn.connection).then(
      () => true,
      () => false,
    );
  };

  const publishing: RabbitLink = new RabbitLink({
    urls,
    name: `${name} publishing`,
    logger,
    setup: async (connection, fail) => {
      publisher = await RabbitPublisher.open(connection, {
        fail,
        isBlocked: () => publishing.isBlocked(),
        onRefused: (exchange) => remember(exchange, false),
        restore,
        tell: ({ exchange, routingKey, correlationId }, reason) =>
          logSparsely(
            logger,
            'warn',
            { exchange, routingKey, correlationId, reason },
            'the broker refused a message, and took the others',
          ),
      });
    },
    onDown: (reason) => {
      publisher?.abandon(reason);
      publisher = null;
      // What cannot be written to is remembered: it may be why the channel went down, and must not be tried again at
      // once.
      for (const [exchange, { usable }] of addresses) if (usable) addresses.delete(exchange);
    },
  });

  const consuming = new RabbitLink({
    urls,
    name: `${name} consuming`,
    logger,
    setup: async (connection, fail) => {
      consumingOn = { connection, fail };
      const declaring = declareAllOn(connection);
      // A node that does not answer to this may deliver all the same.
      const declared = declaring.then(() => true);
      const isSlow = !(await withTimeout(declared, CONSTANTS.declareWaitMs, () => false));
      if (isSlow)
        declaring.catch((error: Error) => {
          if (!isUnanswered(error)) fail(error);
        });
      await Promise.all([...consumers].map((consumer) => consumer.open(connection, declaring, fail)));
      endDeclaring = redeclarePeriodically(() => declareAllOn(connection), fail);
    },
    onDown: () => {
      endDeclaring();
      endDeclaring = () => undefined;
      consumingOn = null;
      consumers.forEach((consumer) => consumer.down());
    },
  });

  const unavailable = (why: string): SagaError =>
    new SagaError('TRANSPORT_UNAVAILABLE', `RabbitMQ cannot be reached: ${why}`);

  return {
    isReady: () => publishing.isUp() && consuming.isUp(),
    canPublish: () => publishing.isUp() && !publishing.isBlocked(),
    async untilReady(signal) {
      const isReady = (): boolean =>
        publishing.isUp() &&
        consuming.isUp() &&
        topologies.every((topology) => declared.has(topology)) &&
        [...consumers].every((consumer) => consumer.isRunning());
      while (!isReady() && !signal.aborted)
        await delay(CONSTANTS.readyPollMs, undefined, { signal }).catch(() => undefined);
    },
    use(topology) {
      topologies.push(topology);
      addNow((connection) => declare(connection, topology));
    },
    async publish(messages) {
      if (messages.length === 0) return [];
      if (!publisher || !publishing.isUp()) throw unavailable('the connection is down');
      if (publishing.isBlocked()) throw unavailable('it has blocked publishing (memory or disk alarm)');
      return publisher.publish(messages);
    },
    async canPublishTo(exchange) {
      const known = addresses.get(exchange);
      if (known && known.until > performance.now()) return known.usable;
      if (!publishing.current) throw unavailable('the connection is down');
      const exists = await probe(publishing.current, exchange);
      remember(exchange, exists);
      return exists;
    },
    consume(consumption) {
      const consumer = new RabbitConsumer(consumption, logger);
      consumers.add(consumer);
      addNow((connection, fail) => consumer.open(connection, Promise.resolve(), fail));
      return {
        isRunning: () => consumer.isRunning(),
        health: () => consumer.health(),
        stop: async () => {
          consumers.delete(consumer);
          await consumer.stop();
        },
      };
    },
    deadLetters: rabbitDeadLetters(consuming, publishing),
    async close() {
      await Promise.all([publishing.close(), consuming.close()]);
    },
  };
}

const MOST_ADDRESSES = 1_000;

/** Asks on a channel of its own: publishing to a missing exchange would close the channel that publishes. */
async function probe(connection: ChannelModel, exchange: string): Promise<boolean> {
  const channel = await brokerAnswer(connection, 'open a channel', connection.createChannel());
  channel.on('error', () => undefined);
  try {
    await brokerAnswer(connection, 'look for a reply exchange', channel.checkExchange(exchange));
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === 404) return false;
    throw new SagaError('TRANSPORT_UNAVAILABLE', 'RabbitMQ could not be asked for a reply exchange', { cause: error });
  } finally {
    closeQuietly(channel);
  }
}

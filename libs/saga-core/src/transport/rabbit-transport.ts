/** The transport on RabbitMQ: one connection to publish and one to consume, so that an alarm which blocks publishers does not block acknowledgements. */
import type { ChannelModel } from 'amqplib';
import type { Logger } from 'pino';
import { SagaError } from '../errors.js';
import { DEFAULTS } from '../settings.js';
import type { DeadLetters } from './dead-letters.js';
import { declareTopology } from './declare-topology.js';
import { keepDeclared } from './keep-declared.js';
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
  const consumers = new Set<RabbitConsumer>();
  const addresses = new Map<string, { usable: boolean; until: number }>();
  const remember = (exchange: string, usable: boolean): void => {
    if (addresses.size >= MOST_ADDRESSES) addresses.clear();
    const until = usable ? Infinity : performance.now() + DEFAULTS.missingAddressMemoryMs;
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
    if (options.declare === false) return;
    const channel = await connection.createChannel();
    // The error also rejects the call that caused it.
    channel.on('error', () => undefined);
    await declareTopology(channel, topology);
    await channel.close();
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
      });
    },
    onDown: (reason) => {
      publisher?.abandon(reason);
      publisher = null;
      // What cannot be written to is remembered: it may be why the channel went down, and must not be tried again at once.
      for (const [exchange, { usable }] of addresses) if (usable) addresses.delete(exchange);
    },
  });

  const consuming = new RabbitLink({
    urls,
    name: `${name} consuming`,
    logger,
    setup: async (connection, fail) => {
      consumingOn = { connection, fail };
      const declareAll = async (): Promise<void> => {
        for (const topology of topologies) await declare(connection, topology);
      };
      await declareAll();
      for (const consumer of consumers) await consumer.open(connection, fail);
      endDeclaring = keepDeclared(declareAll, fail);
    },
    onDown: () => {
      endDeclaring();
      consumingOn = null;
      consumers.forEach((consumer) => consumer.down());
    },
  });

  const unavailable = (why: string): SagaError =>
    new SagaError('TRANSPORT_UNAVAILABLE', `RabbitMQ cannot be reached: ${why}`);

  return {
    isReady: () => publishing.isUp() && consuming.isUp(),
    canPublish: () => publishing.isUp() && !publishing.isBlocked(),
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
      addNow((connection, fail) => consumer.open(connection, fail));
      return {
        isRunning: () => consumer.isRunning(),
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
  try {
    const channel = await connection.createChannel();
    channel.on('error', () => undefined);
    await channel.checkExchange(exchange);
    await channel.close();
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === 404) return false;
    throw new SagaError('TRANSPORT_UNAVAILABLE', 'RabbitMQ could not be asked for a reply exchange', { cause: error });
  }
}

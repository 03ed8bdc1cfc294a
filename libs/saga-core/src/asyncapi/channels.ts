/** Exchanges, queues and bindings as AsyncAPI channels, made of the topology that the transport declares. */
import { DEAD_LETTER_EXCHANGE, deadLetterQueueOf } from '../contract/routing.js';
import type { Topology } from '../transport/topology.js';
import type { Json } from './names.js';

const BINDING_VERSION = '0.3.0';

/** References by the names under which messages stand in `components`. */
const messageReferences = (names: readonly string[]): Json =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/messages/${name}` }]));

/** Where a channel leads, and what goes there. */
interface Way {
  readonly description: string;
  /** By their names in `components`. */
  readonly messages: readonly string[];
}

/**
 * @param exchange - null where only a message says which
 * @param routingKey - null where each message has its own
 * @returns the channel of what is published to an exchange
 */
export function exchangeChannel(
  topology: Topology,
  exchange: string | null,
  routingKey: string | null,
  { description, messages }: Way,
): Json {
  const type = topology.exchanges.find(({ name }) => name === exchange)?.type ?? 'topic';
  return {
    address: routingKey,
    ...(routingKey === null ? { title: exchange ?? 'The exchange that reply-to names' } : {}),
    description,
    messages: messageReferences(messages),
    bindings: {
      amqp: {
        is: 'routingKey',
        exchange: { ...(exchange === null ? {} : { name: exchange }), type, durable: true, autoDelete: false },
        bindingVersion: BINDING_VERSION,
      },
    },
  };
}

/** @returns the channel of a queue: its arguments stand in `x-arguments`, its bindings in `x-bindings`. */
export function queueChannel(topology: Topology, queue: string, { description, messages }: Way): Json {
  const bound = topology.bindings.filter((binding) => binding.queue === queue);
  return {
    address: queue,
    description,
    messages: messageReferences(messages),
    bindings: {
      amqp: {
        is: 'queue',
        queue: { name: queue, durable: true, exclusive: false, autoDelete: false },
        'x-arguments': topology.queues.find(({ name }) => name === queue)!.arguments,
        'x-bindings': bound.map(({ exchange, pattern }) => ({
          exchange,
          type: topology.exchanges.find(({ name }) => name === exchange)!.type,
          durable: true,
          routingKey: pattern,
        })),
        bindingVersion: BINDING_VERSION,
      },
    },
  };
}

/** @returns the channels of a queue's dead letters, and of the way that they take. */
export function deadLetterChannels(topology: Topology, queue: string): Record<string, Json> {
  const dead = deadLetterQueueOf(queue);
  const messages = ['dead_letter'];
  return {
    dead_letters: exchangeChannel(topology, DEAD_LETTER_EXCHANGE, queue, {
      description: `The way of dead letters to ${dead}.`,
      messages,
    }),
    dead_letter_queue: queueChannel(topology, dead, { description: 'For people: nothing consumes it.', messages }),
  };
}

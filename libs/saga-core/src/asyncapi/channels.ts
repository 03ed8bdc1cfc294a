/** Exchanges, queues and bindings as AsyncAPI channels, made of the topology that the transport declares. */
import { COMMAND_EXCHANGE, DEAD_LETTER_EXCHANGE, deadLetterQueueOf } from '../contract/routing.js';
import type { Topology } from '../transport/topology.js';
import type { Json } from './messages.js';

const BINDING_VERSION = '0.3.0';

/** References by the names under which messages stand in `components`. */
const messageReferences = (names: readonly string[]): Json =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/messages/${name}` }]));

/** @returns the channel of one routing key at an exchange. @throws when the topology has no such exchange */
function routingKeyChannel(
  topology: Topology,
  exchange: string,
  routingKey: string,
  description: string,
  messages: readonly string[],
): Json {
  const { name, type } = topology.exchanges.find((each) => each.name === exchange)!;
  return {
    address: routingKey,
    title: `${exchange} → ${routingKey}`,
    description,
    messages: messageReferences(messages),
    bindings: { amqp: { is: 'routingKey', exchange: exchangeOf(name, type), bindingVersion: BINDING_VERSION } },
  };
}

/** @returns the channel of replies, whose exchange only the command names. */
export function replyChannel(description: string, messages: readonly string[], exchange?: string): Json {
  return {
    address: null,
    title: exchange ?? 'The exchange that reply-to names',
    description,
    messages: messageReferences(messages),
    bindings: {
      amqp: {
        is: 'routingKey',
        exchange:
          exchange === undefined ? { type: 'topic', durable: true, autoDelete: false } : exchangeOf(exchange, 'topic'),
        bindingVersion: BINDING_VERSION,
      },
    },
  };
}

/** @returns the channel of a queue: its arguments stand in `x-arguments`, its bindings in `x-bindings`. */
function queueChannel(topology: Topology, queue: string, description: string, messages: readonly string[]): Json {
  const bound = topology.bindings.filter((binding) => binding.queue === queue);
  return {
    address: queue,
    title: queue,
    description,
    messages: messageReferences(messages),
    bindings: {
      amqp: {
        is: 'queue',
        queue: { name: queue, durable: true, exclusive: false, autoDelete: false, vhost: '/' },
        'x-arguments': topology.queues.find(({ name }) => name === queue)!.arguments,
        'x-bindings': bound.map(({ exchange, pattern }) => ({ exchange, routingKey: pattern })),
        bindingVersion: BINDING_VERSION,
      },
    },
  };
}

/** @returns the channels of a queue, of its dead letters, and of the way that they take. */
export function queueWithDeadLetters(
  topology: Topology,
  queue: string,
  description: string,
  messages: readonly string[],
): Record<string, Json> {
  const dead = deadLetterQueueOf(queue);
  return {
    queue: queueChannel(topology, queue, description, messages),
    dead_letters: routingKeyChannel(
      topology,
      DEAD_LETTER_EXCHANGE,
      queue,
      `Where what cannot be answered goes, to lie in ${dead}.`,
      ['dead_letter'],
    ),
    dead_letter_queue: queueChannel(topology, dead, `Dead letters of ${queue}, for people: nothing consumes them.`, [
      'dead_letter',
    ]),
  };
}

/** @returns the channel of a command: its routing key at the command exchange. */
export const commandChannel = (topology: Topology, task: string, message: string): Json =>
  routingKeyChannel(topology, COMMAND_EXCHANGE, task, `The routing key of the command \`${task}\`.`, [message]);

const exchangeOf = (name: string, type: string): Json => ({ name, type, durable: true, autoDelete: false, vhost: '/' });

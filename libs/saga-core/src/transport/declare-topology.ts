import type { Channel } from 'amqplib';
import type { Topology } from './topology.js';

/**
 * Declares a topology; what is there already in the same form stays as it is. Needs the configure right on all of it.
 *
 * @throws a channel error (406) when a queue or exchange exists in another form: delete it, or set the old form's limits by policy
 */
export async function declareTopology(channel: Channel, topology: Topology): Promise<void> {
  for (const { name, type } of topology.exchanges) await channel.assertExchange(name, type, { durable: true });
  for (const queue of topology.queues)
    await channel.assertQueue(queue.name, { durable: true, arguments: { ...queue.arguments } });
  for (const { queue, exchange, pattern } of topology.bindings) await channel.bindQueue(queue, exchange, pattern);
}

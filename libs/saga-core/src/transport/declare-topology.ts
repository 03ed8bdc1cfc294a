import type { ChannelModel } from 'amqplib';
import { brokerAnswer, closeQuietly } from './broker-answer.js';
import type { Topology } from './topology.js';

const NOT_FOUND = 404;

/**
 * Declares a topology; what is there already in the same form stays as it is. Needs the configure right on all of it.
 *
 * @throws a channel error (406) when a queue or exchange exists in another form: delete it, or set the old form's
 *   limits by policy; SagaError TRANSPORT_UNAVAILABLE when the broker does not answer
 */
export async function declareTopology(connection: ChannelModel, topology: Topology): Promise<void> {
  const present = new Set<string>();
  for (const { name, mayBeOlder } of topology.queues)
    if (mayBeOlder && (await exists(connection, name))) present.add(name);
  const channel = await brokerAnswer(connection, 'open a channel', connection.createChannel());
  // The error also rejects the call that caused it.
  channel.on('error', () => undefined);
  const declare = async (): Promise<void> => {
    for (const { name, type } of topology.exchanges) await channel.assertExchange(name, type, { durable: true });
    for (const { name, arguments: given } of topology.queues)
      if (!present.has(name)) await channel.assertQueue(name, { durable: true, arguments: { ...given } });
    for (const { queue, exchange, pattern } of topology.bindings) await channel.bindQueue(queue, exchange, pattern);
    await channel.close();
  };
  try {
    await brokerAnswer(connection, 'declare the topology', declare());
  } catch (error) {
    // It may still be open, when there was no answer.
    closeQuietly(channel);
    throw error;
  }
}

/** Asked on a channel of its own: the answer no closes it. */
async function exists(connection: ChannelModel, queue: string): Promise<boolean> {
  const channel = await brokerAnswer(connection, 'open a channel', connection.createChannel());
  channel.on('error', () => undefined);
  try {
    await brokerAnswer(connection, `look for ${queue}`, channel.checkQueue(queue));
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === NOT_FOUND) return false;
    throw error;
  } finally {
    closeQuietly(channel);
  }
}

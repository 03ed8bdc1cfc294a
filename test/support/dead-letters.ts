/** What lies in dead-letter queues. */
import { connect, type ConsumeMessage } from 'amqplib';
import { waitFor } from './wait-for.js';

/** @returns the cause of a dead letter as its header says, or that the queue itself gave it up */
const causeOf = ({ properties: { headers } }: ConsumeMessage): string =>
  typeof headers?.['x-cause'] === 'string' ? headers['x-cause'] : `none (${JSON.stringify(headers?.['x-death'])})`;

/**
 * Takes all dead letters of a queue away.
 *
 * @param count - how many there must be; it waits for as many
 * @returns how many there were of each cause
 * @throws when fewer come, or more
 */
export async function takeDeadLetters(amqpUrl: string, queue: string, count: number): Promise<Record<string, number>> {
  const connection = await connect(amqpUrl);
  try {
    const channel = await connection.createChannel();
    const causes: Record<string, number> = {};
    let taken = 0;
    await channel.prefetch(100);
    const { consumerTag } = await channel.consume(`${queue}.dead`, (letter) => {
      if (!letter) return;
      const cause = causeOf(letter);
      causes[cause] = (causes[cause] ?? 0) + 1;
      taken++;
      channel.ack(letter);
    });
    const seen = () => `${count} dead letters of ${queue}, of which came ${taken}: ${JSON.stringify(causes)}`;
    await waitFor('', () => taken >= count, 30_000).catch(() =>
      Promise.reject(new Error(`Waited in vain for ${seen()}`)),
    );
    await channel.cancel(consumerTag);
    const { messageCount } = await channel.checkQueue(`${queue}.dead`);
    if (taken + messageCount > count) throw new Error(`${messageCount} are left beside ${seen()}`);
    return causes;
  } finally {
    await connection.close();
  }
}

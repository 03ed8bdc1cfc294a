import { setTimeout as delay } from 'node:timers/promises';
import { connect, type ChannelModel } from 'amqplib';
import { createOrderSaga } from 'order-service';
import { deadLetterQueueOf, queuesOf } from 'saga-core';
import type { Findings } from './rules.js';

/** The participants', and that of the replies. */
const QUEUES = queuesOf([createOrderSaga]);
const WITH_DEAD_LETTERS = QUEUES.flatMap((queue) => [queue, deadLetterQueueOf(queue)]);

/** Doubled and late messages are taken within moments, while somebody takes any. */
const PATIENCE_MS = 5_000;
const CONNECT_TIMEOUT_MS = 5_000;
const NO_SUCH_QUEUE = 404;

/**
 * Counts the messages that are ready in each queue, and in those of the dead letters, which are no fault here.
 *
 * @param urls - of one cluster; the first that answers is asked
 * @param anySagaRuns - while one does, messages are on their way
 * @returns how many, by queue; one that is missing is left out
 */
export async function auditQueues(
  urls: readonly string[],
  anySagaRuns: () => Promise<boolean>,
  findings: Findings,
): Promise<Record<string, number>> {
  const connection = await connectAny(urls);
  try {
    let counts = await countAll(connection);
    const busy = () => QUEUES.filter((queue) => (counts[queue] ?? 0) > 0);
    const end = performance.now() + PATIENCE_MS;
    while (busy().length > 0 && !(await anySagaRuns())) {
      if (performance.now() > end) {
        for (const queue of busy()) findings.note('QUEUE_IDLE', queue, `${counts[queue]} messages wait`);
        break;
      }
      await delay(200);
      counts = await countAll(connection);
    }
    for (const queue of WITH_DEAD_LETTERS)
      if (counts[queue] === undefined) findings.note('QUEUE_THERE', queue, 'it does not exist');
    return counts;
  } finally {
    await connection.close().catch(() => undefined);
  }
}

async function connectAny(urls: readonly string[]): Promise<ChannelModel> {
  let failure: unknown = new Error('no URL of RabbitMQ is known');
  for (const url of urls) {
    try {
      const connection = await connect(url, { timeout: CONNECT_TIMEOUT_MS });
      connection.on('error', () => undefined); // whoever waits for an answer hears of it
      return connection;
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

async function countAll(connection: ChannelModel): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const queue of WITH_DEAD_LETTERS) {
    const count = await countOf(connection, queue);
    if (count !== undefined) counts[queue] = count;
  }
  return counts;
}

/**
 * A passive declaration is exact, which listings of quorum queues are not. It costs the channel when there is no such
 * queue.
 */
async function countOf(connection: ChannelModel, queue: string): Promise<number | undefined> {
  const channel = await connection.createChannel();
  channel.on('error', () => undefined);
  try {
    const { messageCount } = await channel.checkQueue(queue);
    await channel.close();
    return messageCount;
  } catch (error) {
    if ((error as { code?: unknown }).code === NO_SUCH_QUEUE) return undefined;
    throw error;
  }
}

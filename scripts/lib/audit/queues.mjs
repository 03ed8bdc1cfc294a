import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'amqplib';

const QUEUES = ['consumer_service', 'restaurant_service', 'accounting_service']
  .map((service) => `${service}.commands`)
  .concat('create_order_saga.responses');

// Doubled and late messages are taken within moments, while somebody takes any.
const PATIENCE_MS = 5_000;
const NO_SUCH_QUEUE = 404;

/**
 * Counts the messages that are ready in each queue, and in those of the dead letters, which are no fault here.
 * @param {string[]} urls of one cluster; the first that answers is asked
 * @param {() => Promise<boolean>} anySagaRuns while one does, messages are on their way
 * @param {import('./rules.mjs').Findings} findings
 * @returns {Promise<Record<string, number>>} by queue; one that is missing is left out
 */
export async function auditQueues(urls, anySagaRuns, findings) {
  const connection = await connectAny(urls);
  try {
    let counts = await countAll(connection);
    const busy = () => QUEUES.filter((queue) => counts[queue] > 0);
    const end = performance.now() + PATIENCE_MS;
    while (busy().length > 0 && !(await anySagaRuns())) {
      if (performance.now() > end) {
        for (const queue of busy()) findings.note('QUEUE_IDLE', queue, `${counts[queue]} messages wait`);
        break;
      }
      await delay(200);
      counts = await countAll(connection);
    }
    for (const queue of QUEUES.flatMap((name) => [name, `${name}.dead`]))
      if (counts[queue] === undefined) findings.note('QUEUE_THERE', queue, 'it does not exist');
    return counts;
  } finally {
    await connection.close().catch(() => {});
  }
}

async function connectAny(urls) {
  let failure;
  for (const url of urls) {
    try {
      const connection = await connect(url, { timeout: 5_000 });
      connection.on('error', () => {}); // whoever waits for an answer hears of it
      return connection;
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

async function countAll(connection) {
  const counts = {};
  for (const queue of QUEUES.flatMap((name) => [name, `${name}.dead`])) {
    const count = await countOf(connection, queue);
    if (count !== undefined) counts[queue] = count;
  }
  return counts;
}

/** A passive declaration is exact, which listings of quorum queues are not. It costs the channel when there is no such queue. */
async function countOf(connection, queue) {
  const channel = await connection.createChannel();
  channel.on('error', () => {});
  try {
    const { messageCount } = await channel.checkQueue(queue);
    await channel.close();
    return messageCount;
  } catch (error) {
    if (error.code === NO_SUCH_QUEUE) return undefined;
    throw error;
  }
}

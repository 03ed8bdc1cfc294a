import { amqpAnswers, managementOverview } from './broker-probe.mjs';
import { usableUrl } from './databases.mjs';
import { isPostgresUrl, splitUrls, usualManagementUrl, withoutPassword } from './urls.mjs';
import { waitFor } from './wait.mjs';

// Servers that are started together with us may need a while.
const PATIENCE_MS = 20_000;
const MAY_PASS = new Set(['ECONNREFUSED', '57P03']); // nobody listens; the database system is starting up

/**
 * The broker that AMQP_URL names, once one of its URLs answers.
 * @returns {Promise<{url: string, managementUrl: string | undefined}>}
 */
export async function waitForBroker(log, signal) {
  let broker;
  await log.task('RabbitMQ', 'waiting for AMQP_URL', async () => {
    broker = await externalBroker(process.env.AMQP_URL, signal);
    return `using ${withoutPassword(broker.url)}`;
  });
  return broker;
}

async function externalBroker(amqpUrl, signal) {
  const urls = splitUrls(amqpUrl);
  const wrong = urls.find((url) => !URL.canParse(url) || !/^amqps?:$/.test(new URL(url).protocol));
  if (urls.length === 0 || wrong !== undefined)
    throw new Error('AMQP_URL is not an amqp:// or amqps:// URL, or several with commas');
  const answering = async () => {
    const answers = await Promise.all(urls.map(amqpAnswers));
    return answers.includes(true) && urls.filter((_, i) => answers[i]);
  };
  const reached = await waitFor(answering, { timeoutMs: PATIENCE_MS, everyMs: 500, signal });
  if (!reached) throw new Error(`AMQP_URL: no broker answers at ${withoutPassword(amqpUrl)}`);
  const managementUrl = process.env.RABBITMQ_MANAGEMENT_URL ?? usualManagementUrl(reached[0]);
  const overview = await managementOverview(managementUrl);
  return { url: urls.join(','), managementUrl: overview && managementUrl };
}

/** A URL on the server that DATABASE_URL names, once it answers; its database exists. It needs the npm packages. */
export async function waitForPostgres(log, signal) {
  let url;
  await log.task('PostgreSQL', 'waiting for DATABASE_URL', async () => {
    url = await externalPostgres(process.env.DATABASE_URL, signal);
    return `using ${withoutPassword(url)}`;
  });
  return url;
}

async function externalPostgres(databaseUrl, signal) {
  if (!isPostgresUrl(databaseUrl)) throw new Error('DATABASE_URL is not a postgres:// URL');
  let problem;
  const usable = () =>
    usableUrl(databaseUrl).catch((error) => {
      if (!MAY_PASS.has(error.code)) throw new Error(`DATABASE_URL: ${error.message}`, { cause: error });
      problem = error;
    });
  const url = await waitFor(usable, { timeoutMs: PATIENCE_MS, everyMs: 500, signal });
  if (url === undefined)
    throw new Error(`DATABASE_URL: no connection to PostgreSQL (${problem.message || problem.code})`);
  return url;
}

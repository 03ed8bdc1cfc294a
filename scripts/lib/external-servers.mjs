import { amqpAnswers, managementOverview } from './broker-probe.mjs';
import { usableUrl } from './databases.mjs';
import { splitUrls, usualManagementUrl, withoutPassword } from './urls.mjs';
import { waitFor } from './wait.mjs';

/**
 * The broker that AMQP_URL names, once one of its URLs answers.
 * @returns {Promise<{url: string, managementUrl: string | undefined, version: string | undefined}>}
 */
export async function externalBroker(amqpUrl, { signal }) {
  const urls = splitUrls(amqpUrl);
  const wrong = urls.find((url) => !URL.canParse(url) || !/^amqps?:$/.test(new URL(url).protocol));
  if (urls.length === 0 || wrong !== undefined)
    throw new Error('AMQP_URL is not an amqp:// or amqps:// URL, or several with commas');
  const oneAnswers = async () => (await Promise.all(urls.map(amqpAnswers))).includes(true);
  if (!(await waitFor(oneAnswers, { timeoutMs: 20_000, everyMs: 500, signal }))) {
    throw new Error(`AMQP_URL: no broker answers at ${withoutPassword(amqpUrl)}`);
  }
  const managementUrl = process.env.RABBITMQ_MANAGEMENT_URL ?? usualManagementUrl(urls[0]);
  const overview = await managementOverview(managementUrl);
  return {
    url: urls.join(','),
    managementUrl: overview && managementUrl,
    version: overview?.rabbitmq_version,
  };
}

/** A URL on the server that DATABASE_URL names, whose database exists. It needs the npm packages. */
export async function externalPostgres(databaseUrl) {
  if (!URL.canParse(databaseUrl) || !/^postgres(ql)?:$/.test(new URL(databaseUrl).protocol)) {
    throw new Error('DATABASE_URL is not a postgres:// URL');
  }
  return usableUrl(databaseUrl);
}

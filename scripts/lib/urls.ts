// scheme://authority/path?query#fragment, as text: `new URL` refuses `postgres://me@/app?host=/run/postgresql`.
const POSTGRES_URL = /^(postgres(?:ql)?:\/\/[^/?#]*)(?:\/[^?#]*)?(.*)$/s;

/** @returns the same server with another database; everything else of the URL stays */
export function withDatabase(databaseUrl: string, name: string): string {
  const match = POSTGRES_URL.exec(databaseUrl);
  if (match === null) throw new Error('DATABASE_URL is not a postgres:// URL');
  return `${match[1]}/${encodeURIComponent(name)}${match[2]}`;
}

/** @returns the URLs that `AMQP_URL` holds, one for each node of a cluster */
export function splitUrls(text: string): string[] {
  return text
    .split(',')
    .map((url) => url.trim())
    .filter((url) => url !== '');
}

/** @returns the virtual host that an AMQP URL names; none means the default one */
export function vhostOf(amqpUrl: string): string {
  return decodeURIComponent(new URL(amqpUrl).pathname.slice(1)) || '/';
}

/** @returns the same URLs, each with another virtual host */
export function withVhost(amqpUrls: string, vhost: string): string {
  return splitUrls(amqpUrls)
    .map((url) => Object.assign(new URL(url), { pathname: `/${encodeURIComponent(vhost)}` }).href)
    .join(',');
}

/** @returns where a broker's management API usually is: the same host and user, port 15672 (15671 with TLS) */
export function usualManagementUrl(amqpUrl: string): string {
  const { protocol, hostname, username, password } = new URL(amqpUrl);
  const [scheme, port] = protocol === 'amqps:' ? ['https', 15_671] : ['http', 15_672];
  return `${scheme}://${username || 'guest'}:${password || 'guest'}@${hostname}:${port}`;
}

/** @returns order-service's setting QUEUE_URL: a queue in the management UI, with {queue} for the queue's name */
export function queueUrlOf(amqpUrl: string, managementUrl: string): string {
  return `${new URL(managementUrl).origin}/#/queues/${encodeURIComponent(vhostOf(splitUrls(amqpUrl)[0]!))}/{queue}`;
}

/** @returns URLs that can be shown: without their passwords */
export function withoutPassword(text: string): string {
  return splitUrls(text)
    .map((url) => url.replace(/^([^:]+:\/\/[^:/?#]*):[^/?#]*@/, '$1@').replace(/([?&]password=)[^&#]*/, '$1…'))
    .join(',');
}

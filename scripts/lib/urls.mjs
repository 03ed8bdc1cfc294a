// scheme://authority/path?query#fragment. As text: `postgres://me:secret@/app?host=/run/postgresql` is no URL to `new URL`, but a good one to PostgreSQL.
const POSTGRES_URL = /^(postgres(?:ql)?:\/\/[^/?#]*)(?:\/[^?#]*)?(.*)$/s;

/** Whether it has the form of a PostgreSQL URL. */
export function isPostgresUrl(text) {
  return POSTGRES_URL.test(text);
}

/** The same server, another database; everything else of the URL stays. */
export function withDatabase(databaseUrl, name) {
  if (!isPostgresUrl(databaseUrl)) throw new Error('DATABASE_URL is not a postgres:// URL');
  const [, server, rest] = POSTGRES_URL.exec(databaseUrl);
  return `${server}/${encodeURIComponent(name)}${rest}`;
}

/** `AMQP_URL` may hold several URLs, one for each node of a cluster. */
export function splitUrls(text) {
  return text
    .split(',')
    .map((url) => url.trim())
    .filter((url) => url !== '');
}

/** The virtual host that an AMQP URL names; none means the default one. */
export function vhostOf(amqpUrl) {
  const { pathname } = new URL(amqpUrl);
  return pathname === '' || pathname === '/' ? '/' : decodeURIComponent(pathname.slice(1));
}

/** The same URLs, each with another virtual host. */
export function withVhost(amqpUrls, vhost) {
  return splitUrls(amqpUrls)
    .map((amqpUrl) => {
      const url = new URL(amqpUrl);
      url.pathname = `/${encodeURIComponent(vhost)}`;
      return url.href;
    })
    .join(',');
}

/** Where the management API of a broker usually is: the same host and user, port 15672 (15671 with TLS). */
export function usualManagementUrl(amqpUrl) {
  const { protocol, hostname, username, password } = new URL(amqpUrl);
  const [scheme, port] = protocol === 'amqps:' ? ['https', 15671] : ['http', 15672];
  return `${scheme}://${username || 'guest'}:${password || 'guest'}@${hostname}:${port}`;
}

/**
 * Where people see a queue in the management UI: order-service's setting QUEUE_URL, with {queue} for the queue's name, and without user and password.
 * @param {{url: string, managementUrl?: string}} broker
 * @returns {string | undefined} undefined when the management UI is not known
 */
export function queueUrlOf({ url, managementUrl }) {
  if (managementUrl === undefined) return undefined;
  const vhost = encodeURIComponent(vhostOf(splitUrls(url)[0]));
  return `${new URL(managementUrl).origin}/#/queues/${vhost}/{queue}`;
}

/** URLs that can be shown: without their passwords. */
export function withoutPassword(text) {
  return splitUrls(text)
    .map((url) => url.replace(/^([^:]+:\/\/[^:/?#]*):[^/?#]*@/, '$1@').replace(/([?&]password=)[^&#]*/, '$1…'))
    .join(',');
}

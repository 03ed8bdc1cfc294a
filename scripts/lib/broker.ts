import amqp from 'amqplib';
import { splitUrls, vhostOf, withVhost } from './urls.js';

/** Everything that the system declares at a broker begins with one of these. */
const OURS = /^(saga|create_order_saga|(order|consumer|restaurant|accounting)_service)\./;

/** What the management API says of a broker. */
interface Overview {
  readonly rabbitmq_version: string;
  readonly node: string;
  readonly listeners?: readonly { readonly protocol: string; readonly port: number }[];
}

/** @returns whether a broker answers at the URL, and lets this user in */
export async function amqpAnswers(amqpUrl: string): Promise<boolean> {
  try {
    const connection = await amqp.connect(amqpUrl, { timeout: 5_000 });
    connection.on('error', () => undefined);
    await connection.close();
    return true;
  } catch {
    return false;
  }
}

/** Asks RabbitMQ's management API. Its URL has the user and the password, which fetch does not take from there. */
async function management(managementUrl: string, path: string, method = 'GET', body?: object): Promise<Response> {
  const { origin, username, password } = new URL(managementUrl);
  const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
  const authorization = `Basic ${credentials.toString('base64')}`;
  return fetch(`${origin}/api${path}`, {
    method,
    headers: { authorization, 'content-type': 'application/json' },
    body: body === undefined ? null : JSON.stringify(body),
    signal: AbortSignal.timeout(4_000),
  });
}

/** @returns what the broker says about itself; undefined when the management API does not answer this user */
export async function managementOverview(managementUrl: string): Promise<Overview | undefined> {
  try {
    const response = await management(managementUrl, '/overview');
    return response.ok ? ((await response.json()) as Overview) : undefined;
  } catch {
    return undefined;
  }
}

/** Deletes the system's queues and exchanges from a broker's virtual host. @returns how many */
export async function deleteTopology(amqpUrl: string, managementUrl: string): Promise<number> {
  const vhost = encodeURIComponent(vhostOf(splitUrls(amqpUrl)[0]!));
  let deleted = 0;
  for (const kind of ['queues', 'exchanges']) {
    const all = `/${kind}/${vhost}`;
    const response = await management(managementUrl, all);
    if (!response.ok) throw new Error(`the management API answers ${response.status} to GET ${all}`);
    for (const { name } of ((await response.json()) as { name: string }[]).filter((item) => OURS.test(item.name))) {
      const { ok, status } = await management(managementUrl, `${all}/${encodeURIComponent(name)}`, 'DELETE');
      if (!ok && status !== 404) throw new Error(`the management API answers ${status} to DELETE ${all}/${name}`);
      deleted++;
    }
  }
  return deleted;
}

/** Makes a virtual host at a broker that others use as well. @returns undefined when this user cannot */
export async function createVhost(
  amqpUrl: string,
  managementUrl: string,
  name: string,
): Promise<{ url: string; remove(this: void): Promise<void> } | undefined> {
  const user = encodeURIComponent(decodeURIComponent(new URL(splitUrls(amqpUrl)[0]!).username) || 'guest');
  const put = async (path: string, body: object) => (await management(managementUrl, path, 'PUT', body)).ok;
  const everything = { configure: '.*', write: '.*', read: '.*' };
  if (!((await put(`/vhosts/${name}`, {})) && (await put(`/permissions/${name}/${user}`, everything))))
    return undefined;
  const remove = () => management(managementUrl, `/vhosts/${name}`, 'DELETE').then(() => undefined);
  return { url: withVhost(amqpUrl, name), remove };
}

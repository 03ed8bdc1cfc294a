/**
 * A virtual host of its own for each test file, on the real broker that TEST_AMQP_URL names: queues have fixed names,
 * and files run side by side.
 */
import { randomUUID } from 'node:crypto';
import { connect, type GetMessage } from 'amqplib';

export interface TestBroker {
  /** For services and clients. */
  readonly amqpUrl: string;
  /** @returns what the management API gives for this virtual host: `queues`, `exchanges`, `bindings`, … */
  list<Item>(what: string): Promise<Item[]>;
  /** @returns the messages that are ready, by queue: exact, once nobody consumes. */
  messageCounts(): Promise<Record<string, number>>;
  /** Sets a policy for one queue, or takes it away (null). @param definition - such as `{ 'max-length': 1 }` */
  setPolicy(queue: string, definition: Readonly<Record<string, unknown>> | null): Promise<void>;
  /** Puts the messages of a queue, as many as there are, in the opposite order; nobody may consume it meanwhile. */
  reverse(queue: string, count: number): Promise<void>;
  /**
   * Makes a user who may do in this virtual host what the patterns say, until it is dropped.
   * @returns the URL of its connections
   */
  createUser(rights: { readonly configure: string; readonly write: string; readonly read: string }): Promise<string>;
  /** Lets the user that was made last write to a topic exchange under no other routing keys than match the pattern. */
  limitTopics(exchange: string, write: string): Promise<void>;
  /** Deletes the virtual host and all that is in it; with its users; the broker closes connections that are left. */
  drop(): Promise<void>;
}

/**
 * Makes an empty virtual host.
 *
 * @param purpose - part of its name
 * @throws when TEST_AMQP_URL or TEST_MANAGEMENT_URL is not set, or the broker does not answer
 */
export async function createTestBroker(purpose: string): Promise<TestBroker> {
  const amqp = new URL(setting('TEST_AMQP_URL'));
  const management = new URL(setting('TEST_MANAGEMENT_URL'));
  const vhost = `test_${purpose}_${randomUUID().slice(0, 8)}`;
  amqp.pathname = `/${vhost}`;
  const call = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const authorization = `Basic ${Buffer.from(`${management.username}:${management.password}`).toString('base64')}`;
    const response = await fetch(`${management.origin}/api/${path}`, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return text === '' ? undefined : (JSON.parse(text) as unknown);
  };
  await call('PUT', `vhosts/${vhost}`);
  await call('PUT', `permissions/${vhost}/${amqp.username || 'guest'}`, { configure: '.*', write: '.*', read: '.*' });

  const users: string[] = [];
  const list = async <Item>(what: string): Promise<Item[]> => (await call('GET', `${what}/${vhost}`)) as Item[];
  return {
    amqpUrl: amqp.href,
    list,
    async createUser(rights) {
      const name = `${vhost}_${users.length}`;
      const password = randomUUID();
      await call('PUT', `users/${name}`, { password, tags: '' });
      users.push(name);
      await call('PUT', `permissions/${vhost}/${name}`, rights);
      const url = new URL(amqp.href);
      [url.username, url.password] = [name, password];
      return url.href;
    },
    async limitTopics(exchange, write) {
      await call('PUT', `topic-permissions/${vhost}/${users.at(-1)!}`, { exchange, write, read: '.*' });
    },
    async messageCounts() {
      const names = (await list<{ name: string }>('queues')).map(({ name }) => name);
      const connection = await connect(amqp.href);
      try {
        const channel = await connection.createChannel();
        const counts: Record<string, number> = {};
        for (const name of names) counts[name] = (await channel.checkQueue(name)).messageCount;
        return counts;
      } finally {
        await connection.close();
      }
    },
    async setPolicy(queue, definition) {
      const path = `policies/${vhost}/${queue}`;
      if (definition === null) return void (await call('DELETE', path));
      const pattern = `^${queue.replaceAll('.', '\\.')}$`;
      await call('PUT', path, { pattern, definition, 'apply-to': 'queues' });
    },
    async reverse(queue, count) {
      const connection = await connect(amqp.href);
      try {
        const channel = await connection.createConfirmChannel();
        const messages: GetMessage[] = [];
        for (let number = 0; number < count; number++) {
          const message = await channel.get(queue);
          if (!message) throw new Error(`${queue} has ${number} messages, not ${count}`);
          messages.push(message);
        }
        for (const { fields, content, properties } of messages.reverse())
          channel.publish(fields.exchange, fields.routingKey, content, properties);
        await channel.waitForConfirms();
        channel.ackAll();
        await channel.close();
      } finally {
        await connection.close();
      }
    },
    async drop() {
      await call('DELETE', `vhosts/${vhost}`);
      for (const name of users) await call('DELETE', `users/${name}`);
    },
  };
}

function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: it names the RabbitMQ broker on which tests may make virtual hosts`);
  return value;
}

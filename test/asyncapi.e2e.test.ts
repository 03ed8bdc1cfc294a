/** What the running services say about their messages, held against specs/ and against the broker. */
import { readFile } from 'node:fs/promises';
import type { AsyncApiDocument } from 'saga-core/asyncapi';
import { yamlOf } from 'service-kit';
import { startBrowser } from './support/console-page.js';
import { get, statusAndHeaders } from './support/http.js';
import type { ServiceName } from './support/service-process.js';
import { startStack, type Stack } from './support/stack.js';

const SERVICES: ServiceName[] = ['order-service', 'consumer-service', 'restaurant-service', 'accounting-service'];

interface QueueBinding {
  readonly is: string;
  readonly queue: { name: string };
  readonly 'x-arguments': Readonly<Record<string, unknown>>;
  readonly 'x-bindings': readonly { exchange: string; routingKey: string }[];
}

let stack: Stack;
beforeAll(async () => {
  stack = await startStack('asyncapi');
}, 120_000);
afterAll(() => stack.stop(), 60_000);

test.each(SERVICES)('%s serves the document that is committed, as YAML and as JSON', async (name) => {
  const committed = await readFile(`specs/${name}.asyncapi.yaml`, 'utf8');
  expect(await (await fetch(`${stack.url(name)}/asyncapi.yaml`)).text()).toBe(committed);
  expect(yamlOf((await get<object>(`${stack.url(name)}/asyncapi.json`)).body)).toBe(committed);
});

test('order-service serves the OpenAPI document that is committed', async () => {
  const { body } = await get<object>(`${stack.url('order-service')}/openapi.json`);
  expect(yamlOf(body)).toBe(await readFile('specs/order-service.openapi.yaml', 'utf8'));
});

test.each(SERVICES)('the page of %s has all that it loads', async (name) => {
  const base = stack.url(name);
  const page = await (await fetch(`${base}/asyncapi`)).text();
  const resources = [...page.matchAll(/(?:src|rel="stylesheet" href)="([^"]+)"/g)].map(([, url]) => url!);
  expect(resources).toEqual(['asyncapi/page.css']);
  for (const resource of resources)
    expect([resource, (await statusAndHeaders(`${base}/${resource}`)).status]).toEqual([resource, 200]);
});

test('a browser shows every message of each document, and complains of nothing', async () => {
  const browser = await startBrowser();
  try {
    for (const name of SERVICES) {
      const { components } = (await get<AsyncApiDocument>(`${stack.url(name)}/asyncapi.json`)).body;
      const page = await browser.newPage();
      const complaints: unknown[] = [];
      page.on('pageerror', (error) => complaints.push(error));
      page.on('console', (line) => void (line.type() === 'error' && complaints.push(line.text())));
      await page.goto(`${stack.url(name)}/asyncapi`);
      const shown = await page.waitForFunction("document.querySelector('#operations') && document.body.innerText", {
        timeout: 60_000,
      });
      const text = (await shown.jsonValue()) as string;
      const names = Object.values(components.messages).map((message) => message.title as string);
      expect([name, names.filter((each) => !text.includes(each)), complaints]).toEqual([name, [], []]);
      await page.close();
    }
  } finally {
    await browser.close();
  }
}, 120_000);

test('the documents name every queue of the broker, with its arguments and bindings, and no other', async () => {
  const documents = await Promise.all(
    SERVICES.map(async (name) => (await get<AsyncApiDocument>(`${stack.url(name)}/asyncapi.json`)).body),
  );
  const channels = documents.flatMap((document) => Object.values(document.channels));
  const described = channels
    .map(({ bindings }) => (bindings as { amqp: QueueBinding }).amqp)
    .filter(({ is }) => is === 'queue')
    .map((amqp) => ({
      name: amqp.queue.name,
      arguments: amqp['x-arguments'],
      bindings: amqp['x-bindings'].map(({ exchange, routingKey }) => ({ exchange, routingKey })),
    }));
  const queues = await stack.broker.list<{ name: string; arguments: object }>('queues');
  const bindings = await stack.broker.list<{ source: string; destination: string; routing_key: string }>('bindings');
  const actual = queues.map((queue) => ({
    name: queue.name,
    arguments: queue.arguments,
    bindings: bindings
      .filter(({ source, destination }) => source !== '' && destination === queue.name)
      .map(({ source, routing_key }) => ({ exchange: source, routingKey: routing_key })),
  }));
  const byName = (list: typeof described) => new Map(list.map((queue) => [queue.name, queue]));
  expect(described).toHaveLength(2 * SERVICES.length);
  expect(byName(described)).toEqual(byName(actual as typeof described));
});

import { Type } from '@sinclair/typebox';
import { defineCommand, defineService } from 'saga-core';
import { participantDocument } from 'saga-core/asyncapi';
import { parse } from 'yaml';
import { createHttpApp, type HttpApp } from '../http-app.js';
import { createLogger } from '../logger.js';
import { parseServiceUrls } from '../service-urls.js';
import { asyncApiRoutes } from './routes.js';

const book = defineCommand({
  task: 'hotel_service.book_room',
  description: 'Books a room.',
  payload: Type.Object({ nights: Type.Integer() }),
  reply: Type.Object({}),
  refusals: {},
});
const document = participantDocument(
  defineService({ name: 'hotel_service', title: 'Hotel <Service>', description: 'Rooms.', commands: { book } }),
);
const plain = JSON.parse(JSON.stringify(document)) as object;
const services = parseServiceUrls('hotel-service=http://hotel:1/,bank-service=https://bank:2');

let app: HttpApp;
beforeAll(async () => {
  app = createHttpApp(await createLogger('test', 'silent'));
  asyncApiRoutes(app, document, 'hotel-service', services);
});
afterAll(() => app.close());

test('the document is served as JSON and as YAML', async () => {
  expect((await app.inject('/asyncapi.json')).json()).toEqual(plain);
  const yaml = await app.inject('/asyncapi.yaml');
  expect(yaml.headers['content-type']).toContain('application/yaml');
  expect(parse(yaml.body)).toEqual(plain);
});

test('the page links the other services, loads nothing from elsewhere, and alone may evaluate text', async () => {
  const page = await app.inject('/asyncapi');
  expect(page.headers['content-security-policy']).toContain("default-src 'none'; script-src 'self' 'unsafe-eval'");
  expect((await app.inject('/asyncapi.json')).headers).not.toHaveProperty('content-security-policy');
  expect(page.body).toContain('href="https://bank:2/asyncapi"');
  expect(page.body).not.toContain('Hotel <Service>');
  const resources = [...page.body.matchAll(/(?:src|rel="stylesheet" href)="([^"]+)"/g)].map(([, url]) => url!);
  expect(resources).toHaveLength(4);
  for (const url of resources) expect(url).toMatch(/^asyncapi\//);
});

test('the renderer gets a document without references', async () => {
  const { body } = await app.inject('/asyncapi/document.json');
  expect(body).not.toContain('"$ref"');
  expect(JSON.parse(body)).toMatchObject({
    'x-parser-spec-parsed': true,
    operations: {
      receive_commands: { channel: { 'x-parser-unique-object-id': 'commands', address: 'hotel_service.commands' } },
    },
  });
});

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
  payload: Type.Object({
    nights: Type.Integer({ minimum: 1, maximum: 7, description: 'How many nights; `<7>` at most.' }),
    guests: Type.Array(Type.Object({ name: Type.Optional(Type.String({ description: 'Not <b>bold</b>.' })) })),
  }),
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

test('the page links the other services, runs no script, and loads nothing from elsewhere', async () => {
  const page = await app.inject('/asyncapi');
  expect(page.headers['content-security-policy']).toContain("default-src 'none'; style-src 'self';");
  expect(page.body).not.toMatch(/<script|<style| style=/);
  const { headers } = await app.inject('/asyncapi.json');
  expect(headers['content-security-policy']).toBe("default-src 'none';frame-ancestors 'none'");
  expect(page.body).toContain('href="https://bank:2/asyncapi"');
  expect(page.body).not.toContain('Hotel <Service>');
  const resources = [...page.body.matchAll(/(?:src|rel="stylesheet" href)="([^"]+)"/g)].map(([, url]) => url!);
  expect(resources).toEqual(['asyncapi/page.css']);
});

test('the page has every message, channel, operation and schema, and no link to what it does not have', async () => {
  const { body } = await app.inject('/asyncapi');
  const ids = [...body.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id!);
  const { operations, channels, components } = document;
  const expected = Object.entries({
    operation: operations,
    channel: channels,
    message: components.messages,
    schema: components.schemas,
  }).flatMap(([kind, objects]) => Object.keys(objects).map((name) => `${kind}-${name}`));
  expect(ids).toEqual(expect.arrayContaining(expected));
  expect(new Set(ids).size).toBe(ids.length);
  const links = [...body.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id!);
  expect(links.filter((id) => !ids.includes(id))).toEqual([]);
});

test('the page shows the fields of a schema with their limits, and text as text', async () => {
  const { body } = await app.inject('/asyncapi');
  expect(body).toContain(
    '<code>nights</code></td><td>integer</td><td><p>How many nights; <code>&lt;7&gt;</code> at most.</p>',
  );
  expect(body).toContain('minimum <code>1</code>, maximum <code>7</code>');
  expect(body).toContain('<code>guests[].name</code><br><em>optional</em>');
  expect(body).toContain('Not &#60;b&#62;bold&#60;/b&#62;.');
  expect(body).not.toContain('<b>');
});

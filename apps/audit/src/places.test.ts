import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findPlaces } from './places.js';

const folder = mkdtempSync(path.join(tmpdir(), 'places-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const stackFile = path.join(folder, 'stack.json');
const stack = { databases: { order_service: 'postgres://started/order_service' }, amqpUrl: 'amqp://started' };
writeFileSync(stackFile, JSON.stringify(stack));
const nowhere = path.join(folder, 'nowhere.json');

it('takes what npm start runs', () => {
  expect(findPlaces({ DATABASE_URL: '', AMQP_URL: '', DATABASE_SCHEMA: '' }, stackFile)).toEqual({
    databases: stack.databases,
    amqpUrls: ['amqp://started'],
  });
});

it.each([
  ['postgres://me:p%40ss@db.example:6432/app?sslmode=require', 'order_service?sslmode=require'],
  ['postgres://me:p%40ss@db.example:6432', 'order_service'],
  ['postgres://me:secret@/app?host=/run/postgresql', 'order_service?host=/run/postgresql'],
])('finds the databases of all services on the server of %s', (url, expected) => {
  const { databases } = findPlaces({ DATABASE_URL: url, AMQP_URL: 'amqp://a' }, nowhere);
  const server = /^[^:]+:\/\/[^/]*\//.exec(`${url}/`)![0];
  expect(databases.order_service).toBe(`${server}${expected}`);
  expect(Object.keys(databases).sort()).toEqual([
    'accounting_service',
    'consumer_service',
    'order_service',
    'restaurant_service',
  ]);
});

it('prefers the environment, and asks each node of a cluster', () => {
  const environment = { AMQP_URL: ' amqp://a ,, amqp://b', DATABASE_SCHEMA: 'orders' };
  expect(findPlaces(environment, stackFile)).toEqual({
    databases: stack.databases,
    schema: 'orders',
    amqpUrls: ['amqp://a', 'amqp://b'],
  });
});

it('says what is missing', () => {
  expect(() => findPlaces({}, nowhere)).toThrow('DATABASE_URL is not set');
  expect(() => findPlaces({ DATABASE_URL: 'postgres://a' }, nowhere)).toThrow('AMQP_URL is not set');
  expect(() => findPlaces({ DATABASE_URL: 'mysql://a', AMQP_URL: 'amqp://a' }, nowhere)).toThrow(
    'DATABASE_URL is not a postgres:// URL',
  );
});

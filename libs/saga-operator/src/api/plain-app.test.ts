/** The operator's routes in an app of Fastify alone, at a prefix: nothing of service-kit is there to help. */
import fastify, { type FastifyInstance } from 'fastify';
import type { Kysely } from 'kysely';
import { SagaError } from 'saga-core';
import { operatorConsole, type OperatorConsoleOptions } from '../index.js';

const token = 'a token for this test';
const headers = { authorization: `Bearer ${token}` };
const ID = '018f0000-0000-7000-8000-000000000001';
const seen = { operator: 'ann', reason: 'because', version: 1 };
let app: FastifyInstance;
/** What the orchestrator does. */
let operate: OperatorConsoleOptions['orchestrator']['operate'];

beforeAll(async () => {
  app = fastify();
  const orchestrator: OperatorConsoleOptions['orchestrator'] = {
    definitions: [],
    isReady: () => false,
    stored: async () => null,
    operate: (...given) => operate(...given),
  };
  // Whatever reaches the database fails as it does when that is away.
  const database = { getExecutor: () => Promise.reject(new Error('not reached')) } as unknown as Kysely<object>;
  await app.register(operatorConsole, { prefix: '/operator', orchestrator, database, token, page: { title: 'Trips' } });
});
beforeEach(() => {
  operate = () => Promise.reject(new Error('must not be reached'));
});
afterAll(() => app.close());

const get = async (url: string) => {
  const response = await app.inject({ url: `/operator${url}`, headers });
  return [response.statusCode, response.json<{ code?: string }>().code];
};
const post = async (url: string, body: unknown, more: Record<string, string> = {}) => {
  const payload = typeof body === 'string' ? body : JSON.stringify(body);
  const all = { ...headers, 'content-type': 'application/json', ...more };
  const response = await app.inject({ method: 'POST', url: `/operator${url}`, headers: all, payload });
  return [response.statusCode, response.json<{ code?: string }>().code, response.headers['content-type']];
};

test('the routes and the page are below the prefix, and nowhere else', async () => {
  expect((await app.inject('/operator/console.json')).json()).toEqual({ title: 'Trips' });
  expect(await get('/sagas/definitions')).toEqual([200, undefined]);
  for (const url of ['/operator/operator/sagas', '/sagas', '/operator/operator/'])
    expect((await app.inject({ url, headers })).statusCode).toBe(404);
  const denied = await app.inject('/operator/sagas');
  expect([denied.statusCode, denied.json<{ code: string }>().code]).toEqual([401, 'UNAUTHORIZED']);
});

test.each([
  '/sagas?minAttempts=2147483648',
  '/sagas?minAttempts=1e3',
  '/sagas?minAgeSeconds=99999999999',
  '/sagas?limit=0',
  '/sagas?limit=201',
  '/sagas?limit=1.5',
  '/sagas?status=lost',
  '/sagas?q=abc',
  '/sagas?cursor=%00',
  '/sagas?step=%00',
  '/sagas?q=data.orderId:%00',
  '/sagas?q=data.orderId:%00&sort=newest',
  '/sagas/export?minAttempts=99999999999999999999',
  '/sagas/failures?since=yesterday',
  '/sagas/failures?since=2026-13-45T00:00:00Z',
  '/sagas/failures?saga=%00',
  '/sagas/audit?cursor=abc',
  '/sagas/audit?limit=999999999999',
  '/sagas/events?id=abc',
  '/sagas/abc',
  '/sagas/%00',
  `/sagas/${ID}/history?before=2147483648`,
  `/sagas/${ID}/undo-preview?action=skip`,
  '/sagas/bulk-operations/abc',
])('%s is refused, and asks nothing of the database', async (url) => {
  expect(await get(url)).toEqual([400, 'INVALID_REQUEST']);
});

test.each([
  [`/sagas/${ID}/retry`, { ...seen, reason: 'nobody\u0000 will know' }],
  [`/sagas/${ID}/retry`, { ...seen, operator: '\ud800' }],
  [`/sagas/${ID}/retry`, { ...seen, version: 2_147_483_648 }],
  [`/sagas/${ID}/retry`, { ...seen, version: 1.5 }],
  [`/sagas/${ID}/retry`, { operator: 'ann', version: 1 }],
  [`/sagas/${ID}/accept`, { ...seen, reply: { 'a\u0000': 1 } }],
  ['/sagas/bulk-operations', { ...seen, action: 'retry', filter: { status: 'stuck', message: 'x\u0000' } }],
  ['/sagas/bulk-operations', { ...seen, action: 'retry', filter: { status: 'stuck', stpe: 'pay' } }],
  ['/sagas/bulk-operations', { ...seen, action: 'retry', filter: { status: 'stuck' }, perSecond: 1e9 }],
  ['/sagas/bulk-operations/abc/pause', seen],
])('POST %s of what cannot be, or cannot be recorded, is refused', async (url, body) => {
  expect(await post(url, body)).toEqual([400, 'INVALID_REQUEST', 'application/problem+json; charset=utf-8']);
});

test('the codes of the documents are answered without service-kit as well', async () => {
  expect(await get(`/sagas/${ID}`)).toEqual([404, 'NOT_FOUND']);
  const codeOf = async (url: string, body: unknown, more?: Record<string, string>) =>
    (await post(url, body, more)).slice(0, 2);
  const retry = `/sagas/${ID}/retry`;
  expect(await codeOf(retry, '{')).toEqual([400, 'MALFORMED_REQUEST']);
  expect(await codeOf(retry, 'x', { 'content-type': 'text/xml' })).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
  expect(await codeOf(retry, JSON.stringify('x'.repeat(2_000_000)))).toEqual([413, 'PAYLOAD_TOO_LARGE']);
  for (const [error, expected] of [
    [new SagaError('SAGA_MOVED_ON', 'x'), [409, 'SAGA_MOVED_ON']],
    [new SagaError('INVALID_SAGA_ID', 'x'), [400, 'INVALID_REQUEST']],
    [new SagaError('TRANSPORT_UNAVAILABLE', 'x'), [503, 'SERVICE_UNAVAILABLE']],
    [Object.assign(new Error('away'), { code: 'ECONNREFUSED' }), [503, 'SERVICE_UNAVAILABLE']],
  ] as const) {
    operate = () => Promise.reject(error);
    expect(await codeOf(retry, seen)).toEqual(expected);
  }
});

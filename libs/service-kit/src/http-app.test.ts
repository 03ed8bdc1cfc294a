import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { Type } from '@sinclair/typebox';
import { pino } from 'pino';
import { createHttpApp, type HttpApp } from './http-app.js';
import { HttpProblem } from 'http-kit';

const OUT_OF_STOCK = { code: 'OUT_OF_STOCK', status: 409, title: 'There is none left' };

function appWithRoutes(): HttpApp {
  const app = createHttpApp(pino({ level: 'silent' }));
  const Body = Type.Object({
    consumerId: Type.Integer({ minimum: 1 }),
    items: Type.Array(Type.Object({ name: Type.String() })),
  });
  app.post('/orders', { schema: { body: Body } }, async ({ body }) => ({ got: body }));
  const query = Type.Object({ limit: Type.Integer({ default: 10, maximum: 100 }) });
  app.get(
    '/orders/:id',
    { schema: { params: Type.Object({ id: Type.Integer() }), querystring: query } },
    async ({ params, query }) => ({ ...params, ...query }),
  );
  const headers = Type.Object({ 'X-Limit': Type.Integer({ maximum: 10 }), 'X-Note': Type.Optional(Type.String()) });
  app.get('/limited', { schema: { headers } }, async ({ headers }) => ({ limit: headers['x-limit'] as unknown }));
  app.get('/refused', () => {
    throw new HttpProblem(OUT_OF_STOCK, 'Dish 1 is out of stock.');
  });
  app.get('/broken', { schema: { response: { 200: Type.Object({}) } } }, () => {
    throw new Error('password of the database: hunter2');
  });
  app.get('/unreachable', () => {
    throw Object.assign(new Error('connect ECONNREFUSED 10.0.0.7:5432'), { code: 'ECONNREFUSED' });
  });
  return app;
}

describe('an HTTP app', () => {
  let app: HttpApp;
  beforeEach(() => (app = appWithRoutes()));
  afterEach(() => app.close());

  const expectProblem = (
    response: { statusCode: number; headers: Record<string, unknown>; body: string },
    status: number,
    code: string,
  ) => {
    expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(response.statusCode).toBe(status);
    const problem = JSON.parse(response.body) as Record<string, unknown>;
    expect(problem).toMatchObject({
      type: expect.stringMatching(/^urn:problem-type:/) as string,
      title: expect.any(String) as string,
      status,
      code,
    });
    return problem;
  };

  it('reads numbers in paths and queries, and fills in defaults', async () => {
    expect((await app.inject('/orders/7')).json()).toEqual({ id: 7, limit: 10 });
    expect((await app.inject('/orders/7?limit=20')).json()).toEqual({ id: 7, limit: 20 });
  });

  it('names each field of a body that is wrong, and reads no number from text there', async () => {
    const response = await app.inject({
      method: 'POST',
      url: '/orders',
      payload: { consumerId: '7', items: [{ name: 1 }, {}] },
    });
    const { errors } = expectProblem(response, 400, 'INVALID_REQUEST') as { errors: { name: string; path: string }[] };
    expect(errors.map(({ name, path }) => [name, path])).toEqual([
      ['consumerId', 'body/consumerId'],
      ['items.0.name', 'body/items/0/name'],
      ['items.1.name', 'body/items/1/name'],
    ]);
  });

  it('names the query, and a body that is missing', async () => {
    const query = expectProblem(await app.inject('/orders/7?limit=1000'), 400, 'INVALID_REQUEST');
    expect(query).toMatchObject({ errors: [{ name: 'limit', path: 'querystring/limit' }] });
    const body = expectProblem(await app.inject({ method: 'POST', url: '/orders' }), 400, 'INVALID_REQUEST');
    expect(body).toMatchObject({ errors: [{ name: 'body', path: 'body' }] });
  });

  it('validates headers whatever the spelling of their names', async () => {
    expect((await app.inject({ url: '/limited', headers: { 'X-LIMIT': '7' } })).json()).toEqual({ limit: 7 });
    for (const headers of [{ 'x-limit': '11' }, {}]) {
      const problem = expectProblem(await app.inject({ url: '/limited', headers }), 400, 'INVALID_REQUEST');
      expect(problem).toMatchObject({ errors: [{ name: 'x-limit', path: 'headers/x-limit' }] });
    }
  });

  const json = { 'content-type': 'application/json' };
  it.each([
    ['broken JSON', { payload: '{', headers: json }, 400, 'MALFORMED_REQUEST'],
    ['an empty body', { payload: '', headers: json }, 400, 'MALFORMED_REQUEST'],
    ['a poisoned prototype', { payload: '{"__proto__":{}}', headers: json }, 400, 'MALFORMED_REQUEST'],
    ['XML', { payload: '<a/>', headers: { 'content-type': 'text/xml' } }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['plain text', { payload: '{}', headers: { 'content-type': 'text/plain' } }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['a body that is too large', { payload: `"${'x'.repeat(70_000)}"`, headers: json }, 413, 'PAYLOAD_TOO_LARGE'],
  ])('answers %s', async (_case, request, status, code) => {
    expectProblem(await app.inject({ method: 'POST', url: '/orders', ...request }), status, code);
  });

  const OF_ORDER = { consumerId: 7, items: [{ name: 'Zwölf' }] };
  const utf8 = Buffer.from(JSON.stringify(OF_ORDER));
  it.each([
    ['application/json; charset=utf-8', {}],
    ['application/json;charset="UTF-8"', { 'content-encoding': 'identity' }],
    ['application/json; profile=x', {}],
  ])('reads JSON that comes as %s', async (type, others) => {
    const headers = { 'content-type': type, ...others };
    const response = await app.inject({ method: 'POST', url: '/orders', headers, payload: utf8 });
    expect(response.json()).toEqual({ got: OF_ORDER });
  });

  const latin1 = Buffer.from(JSON.stringify(OF_ORDER), 'latin1');
  it.each([
    ['Latin-1 that says so', latin1, { 'content-type': 'application/json; charset=iso-8859-1' }, 415],
    ['two charsets', utf8, { 'content-type': 'application/json; charset=utf-8; charset=utf-16' }, 415],
    ['an empty charset', utf8, { 'content-type': 'application/json; charset=""' }, 415],
    ['a compressed body', gzipSync(utf8), { ...json, 'content-encoding': 'gzip' }, 415],
    ['a body that says that it is compressed', utf8, { ...json, 'content-encoding': 'identity, br' }, 415],
    ['Latin-1 that does not say so', latin1, json, 400],
    ['half a character', utf8.subarray(0, utf8.indexOf(0xc3) + 1), json, 400],
    ['two media types in one header', utf8, { 'content-type': 'application/json, text/plain' }, 415],
  ])('refuses %s', async (_case, payload, headers, status) => {
    const response = await app.inject({ method: 'POST', url: '/orders', payload, headers });
    expectProblem(response, status, status === 415 ? 'UNSUPPORTED_MEDIA_TYPE' : 'MALFORMED_REQUEST');
  });

  it.each(['DELETE', 'PUT', 'PATCH', 'POST'] as const)('says what a path has instead of %s', async (method) => {
    // What is wrong with the body makes no difference.
    const request = { method, url: '/orders/7?limit=x', payload: 'x', headers: { 'content-type': 'text/plain' } };
    const response = await app.inject(request);
    expectProblem(response, 405, 'METHOD_NOT_ALLOWED');
    expect(response.headers.allow).toBe('GET, HEAD, OPTIONS');
  });

  it('answers OPTIONS with what a path has', async () => {
    const response = await app.inject({ method: 'OPTIONS', url: '/orders' });
    expect([response.statusCode, response.headers.allow, response.body]).toEqual([204, 'OPTIONS, POST', '']);
  });

  it('says so for the routes of a plugin, below its prefix', async () => {
    await app.register(async (plugin) => void plugin.put('/', () => 'put').delete('/all/*', () => 'gone'), {
      prefix: '/plugin',
    });
    for (const [url, allow] of [
      ['/plugin', 'OPTIONS, PUT'],
      ['/plugin/', 'OPTIONS, PUT'],
      ['/plugin/all/of/it', 'DELETE, OPTIONS'],
    ] as const) {
      const response = await app.inject(url);
      expectProblem(response, 405, 'METHOD_NOT_ALLOWED');
      expect(response.headers.allow).toBe(allow);
    }
  });

  it('answers what is not there, and a URL that cannot be read', async () => {
    expectProblem(await app.inject('/nothing'), 404, 'NOT_FOUND');
    expectProblem(await app.inject({ method: 'PUT', url: '/nothing', payload: 'x' }), 404, 'NOT_FOUND');
    expectProblem(await app.inject({ method: 'OPTIONS', url: '/nothing' }), 404, 'NOT_FOUND');
    expectProblem(await app.inject('/orders/%zz'), 400, 'MALFORMED_REQUEST');
  });

  it('answers a problem that a route throws', async () => {
    expect(expectProblem(await app.inject('/refused'), 409, 'OUT_OF_STOCK').detail).toBe('Dish 1 is out of stock.');
  });

  it('keeps the inside of the service to itself', async () => {
    const response = await app.inject('/broken');
    expectProblem(response, 500, 'INTERNAL_ERROR');
    expect(response.body).not.toMatch(/hunter2|stack|\.ts/);
  });

  it('says when to come back while what it needs is out of reach', async () => {
    const response = await app.inject('/unreachable');
    expectProblem(response, 503, 'SERVICE_UNAVAILABLE');
    expect(response.headers['retry-after']).toBe('2');
    expect(response.body).not.toMatch(/10\.0\.0\.7/);
  });

  it.each([
    ['what is not HTTP', 'what is this\r\n\r\n', 400, 'MALFORMED_REQUEST'],
    [
      'a header with NUL in it',
      'GET /refused HTTP/1.1\r\nhost: localhost\r\nidempotency-key: a\0b\r\n\r\n',
      400,
      'MALFORMED_REQUEST',
    ],
    [
      '17 kB of headers',
      `GET /refused HTTP/1.1\r\nhost: localhost\r\nx: ${'x'.repeat(17_000)}\r\n\r\n`,
      431,
      'REQUEST_HEADERS_TOO_LARGE',
    ],
    [
      'a Content-Type that stands twice',
      'POST /orders HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n' +
        'Content-Type: text/plain\r\ncontent-length: 2\r\n\r\n{}',
      400,
      'MALFORMED_REQUEST',
    ],
  ])('answers %s', async (_what, text, status, code) => {
    await app.listen({ port: 0, host: '127.0.0.1' });
    const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
    socket.end(text);
    const answer = (await socket.toArray()).join('');
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} .*application/problem\\+json`, 's'));
    expect(JSON.parse(body)).toMatchObject({ status, code });
  });
});

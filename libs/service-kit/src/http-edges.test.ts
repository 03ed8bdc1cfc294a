/** What a service lets in from a browser, and how long it waits for what comes. */
import { connect, type AddressInfo, type Socket } from 'node:net';
import { Type } from '@sinclair/typebox';
import { pino } from 'pino';
import { createHttpApp, type HttpApp } from './http-app.js';
import { CONSTANTS } from './defaults.js';

function appWithOrders(limits = {}): HttpApp {
  const app = createHttpApp(pino({ level: 'silent' }), { ...CONSTANTS, ...limits });
  app.post('/orders', { schema: { body: Type.Object({}) } }, async () => ({ placed: true }));
  app.get('/orders', async () => ({ orders: [] }));
  return app;
}

let app: HttpApp;
afterEach(() => app.close());

describe('a request that a browser makes', () => {
  beforeEach(() => (app = appWithOrders()));
  const here = { host: 'localhost:8081' };
  const ask = (method: 'GET' | 'POST', headers: Record<string, string>) =>
    app.inject({ method, url: '/orders', headers: { ...here, ...headers }, ...(method === 'POST' && { payload: {} }) });

  it.each([
    ['POST', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
    ['POST', { 'sec-fetch-site': 'same-site', origin: 'http://localhost:9999' }],
    ['POST', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }],
    ['POST', { origin: 'http://evil.example' }],
    ['POST', { origin: 'http://localhost:9999' }],
    ['POST', { origin: 'null' }],
    ['GET', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }],
    ['GET', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }],
  ] as const)('is refused for another site: %s %o', async (method, headers) => {
    const response = await ask(method, headers);
    expect([response.statusCode, response.json<{ code: string }>().code]).toEqual([403, 'CROSS_SITE_REQUEST']);
  });

  it.each([
    ['POST', {}],
    ['POST', { 'sec-fetch-site': 'same-origin', origin: 'http://localhost:8081' }],
    ['POST', { origin: 'http://localhost:8081' }],
    ['POST', { origin: 'https://shop.example', 'x-forwarded-host': 'shop.example' }],
    ['GET', { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }],
    ['GET', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }],
  ] as const)('is let in for this one, for a followed link, and for a program: %s %o', async (method, headers) => {
    expect((await ask(method, headers)).statusCode).toBe(200);
  });

  it('tells it that nothing may be put into a frame, embedded or taken for another type, errors included', async () => {
    for (const url of ['/orders', '/nowhere'])
      expect((await app.inject(url)).headers).toMatchObject({
        'content-security-policy': "default-src 'none';frame-ancestors 'none'",
        'x-frame-options': 'DENY',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
      });
  });
});

describe('a connection', () => {
  const open: Socket[] = [];
  afterEach(() => {
    for (const socket of open.splice(0)) socket.destroy();
  });

  async function listen(limits: object): Promise<() => Promise<{ socket: Socket; ended: Promise<string> }>> {
    app = appWithOrders(limits);
    await app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = app.server.address() as AddressInfo;
    return async () => {
      const socket = connect(port, '127.0.0.1');
      open.push(socket);
      let got = '';
      socket.setEncoding('utf8').on('data', (text: string) => (got += text));
      socket.on('error', () => undefined);
      const ended = new Promise<string>((resolve) => socket.once('close', () => resolve(got)));
      await new Promise((resolve) => socket.once('connect', resolve));
      return { socket, ended };
    };
  }

  const HEAD = 'POST /orders HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n';

  it.each([
    ['headers', `${HEAD}x-slow: `],
    ['a body', `${HEAD}\r\n{`],
  ])('is ended with 408 when %s come byte by byte', async (_what, begin) => {
    const dial = await listen({ requestTimeoutMs: 200, requestCheckMs: 50 });
    const { socket, ended } = await dial();
    socket.write(begin);
    const drip = setInterval(() => socket.write(' '), 20);
    const answer = await ended.finally(() => clearInterval(drip));
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toContain('REQUEST_TIMEOUT');
    // Nobody waits for the rest of it.
    const begun = performance.now();
    await app.close();
    expect(performance.now() - begun).toBeLessThan(CONSTANTS.requestDrainMs);
  });

  it('that waits for nothing gives way to a new one where there are too many; one in use does not', async () => {
    const dial = await listen({ maxIdleConnections: 3 });
    const dripping = await dial();
    dripping.socket.write(`${HEAD}\r\n{`);
    const used = await dial();
    used.socket.write('GET /orders HTTP/1.1\r\nhost: x\r\n\r\n');
    await new Promise((resolve) => used.socket.once('data', resolve));
    // It stands behind the others now, as if it had just come.
    for (let times = 0; times < 2; times++) await dial();
    await dripping.ended;
    used.socket.write('GET /orders HTTP/1.1\r\nhost: x\r\n\r\n');
    await new Promise((resolve) => used.socket.once('data', resolve));
    expect(used.socket.destroyed).toBe(false);
    expect((await fetch(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}/orders`)).status).toBe(200);
  });
});

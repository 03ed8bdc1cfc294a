import { pino } from 'pino';
import { createHttpApp, type HttpApp } from './http-app.js';

describe('closing an HTTP app', () => {
  let app: HttpApp;
  let finish: () => void;
  let arrived: Promise<void>;

  beforeEach(() => {
    app = createHttpApp(pino({ level: 'silent' }));
    const finished = new Promise<void>((resolve) => (finish = resolve));
    arrived = new Promise((resolve) => {
      app.get('/slow', async () => {
        resolve();
        await finished;
        return 'done';
      });
      app.get('/stream', { config: { endless: true } }, (_request, reply) => {
        reply.hijack();
        reply.raw.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
      });
    });
    app.get('/health/live', async () => 'live');
  });

  it('lets the request in hand finish and turns new ones away', async () => {
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    const slow = fetch(`${url}/slow`);
    await arrived;
    const closed = app.close();
    const late = await fetch(`${url}/slow`);
    expect(late.status).toBe(503);
    expect(late.headers.get('retry-after')).toBe('2');
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
    finish();
    expect(await (await slow).text()).toBe('done');
    await closed;
  });

  it('does not wait for an answer without end', async () => {
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    const stream = await fetch(`${url}/stream`);
    const started = performance.now();
    await app.close();
    expect(performance.now() - started).toBeLessThan(1_000);
    await expect(stream.text()).rejects.toThrow();
  });

  it('closes at once when nothing is in hand', async () => {
    await app.listen({ port: 0, host: '127.0.0.1' });
    await app.close();
  });
});

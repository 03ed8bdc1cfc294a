import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from './client.js';
import { EXIT } from './exit-codes.js';

const SHORT_TIMEOUTS = { responseMs: 300, actionMs: 300, idleMs: 300 };
const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
});

async function serving(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

it('gives up a service that is silent, and says that an act may have been done', async () => {
  const client = connect(await serving(() => undefined), undefined, SHORT_TIMEOUTS);
  await expect(client.get('/sagas', 'items' as never)).rejects.toMatchObject({ exitCode: EXIT.unavailable });
  await expect(client.post('/sagas/x/retry', {}, 'status' as never)).rejects.toMatchObject({
    exitCode: EXIT.unavailable,
    message: expect.stringContaining('saga audit') as string,
  });
  const events = client.events('/sagas/events', new AbortController().signal);
  await expect(events.next()).rejects.toMatchObject({ exitCode: EXIT.unavailable });
});

it('gives up a stream that has gone silent, and not one that is only quiet', async () => {
  let beats = 0;
  const url = await serving((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const heart = setInterval(() => {
      if (++beats > 8) return clearInterval(heart);
      response.write(beats === 8 ? 'data: {"last":true}\n\n' : ': still here\n\n');
    }, 250);
  });
  const timeouts = { ...SHORT_TIMEOUTS, idleMs: 1_500 };
  const events = connect(url, undefined, timeouts).events('/sagas/events', new AbortController().signal);
  // It comes long after the patience of a listener who heard no heartbeats.
  expect((await events.next()).value).toEqual({ last: true });
  await expect(events.next()).rejects.toMatchObject({
    exitCode: EXIT.unavailable,
    message: expect.stringContaining('nothing was heard') as string,
  });
});

it('does not make a GET of an act that is redirected', async () => {
  const asked: string[] = [];
  const url = await serving((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (request.url === '/new') return void response.end('{"status":"running"}');
    response.writeHead(301, { location: '/new' }).end();
  });
  const client = connect(url, undefined, SHORT_TIMEOUTS);
  await expect(client.post('/sagas/x/retry', {}, 'status' as never)).rejects.toMatchObject({
    exitCode: EXIT.unavailable,
  });
  expect(asked).toEqual(['POST /sagas/x/retry']);
  expect(await client.get('/sagas', 'status' as never)).toEqual({ status: 'running' });
});

it('finds the routes below the path of the URL', async () => {
  const asked: string[] = [];
  const url = await serving((request, response) => {
    asked.push(request.url!);
    response.end('{"items":[]}');
  });
  for (const path of ['', '/', '/operator', '/operator/', '/a/b//?x=1#y'])
    await connect(url + path, undefined).get('/sagas?q=1', 'items' as never);
  expect(asked).toEqual(['/sagas?q=1', '/sagas?q=1', '/operator/sagas?q=1', '/operator/sagas?q=1', '/a/b/sagas?q=1']);
});

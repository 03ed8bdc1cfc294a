/** What is interrupted leaves nothing behind. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { cloneProject, isRunning } from '../support/clone.js';
import { LONG_FORM } from '../support/long-form.js';
import { waitFor } from '../support/wait-for.js';
import { watched } from '../support/watched.js';

const folder = mkdtempSync(join(tmpdir(), 'interrupted-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Entry {
  readonly name: string;
  readonly pid: number;
}
function recorded(file: string): Entry[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Entry[];
  } catch {
    return []; // not yet
  }
}
const environment = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '' };

const MOMENTS = [
  ['while its servers start', 'RabbitMQ'],
  ['while its services start', 'order-service'],
  ['under load', 'the load'],
] as const;

test.each(LONG_FORM ? MOMENTS : MOMENTS.slice(1, 2))(
  'a benchmark, %s',
  async (_when, last) => {
    const root = cloneProject(join(folder, last.replaceAll(' ', '-')));
    const program = ['--conditions=@ws/source', 'scripts/run.mjs', 'bench/run.ts', '--small'];
    const child = spawn(process.execPath, program, {
      cwd: root,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const bench = watched(child);
    const file = join(root, '.local/bench/processes.json');
    const seen = new Map<number, string>();
    await waitFor(
      last,
      () => {
        if (bench.hasEnded()) throw new Error(`It has ended:\n${bench.output()}`);
        for (const { name, pid } of recorded(file)) seen.set(pid, name);
        return [...seen.values()].includes(last);
      },
      240_000,
    );
    child.kill('SIGINT');
    expect(await bench.exited).toBe(130);
    expect([...seen].filter(([pid]) => isRunning(pid))).toEqual([]);
    expect(existsSync(file)).toBe(false);
    expect(readdirSync(join(root, '.local/bench')).filter((name) => name.endsWith('.lock'))).toEqual([]);
  },
  300_000,
);

test('the servers of a test whose keeper is killed are on record, for npm test to end them', async () => {
  const own = join(folder, 'keeper');
  const keeper = spawn(
    process.execPath,
    ['--import', 'tsx', resolve('test/support/server-keeper.ts'), own, 'postgres'],
    {
      env: environment,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    },
  );
  await new Promise((ready) => keeper.once('message', ready));
  keeper.kill('SIGKILL');
  await new Promise((ended) => keeper.once('exit', ended));
  const left = recorded(join(own, 'processes.json'));
  expect(left.map(({ name }) => name)).toEqual(['PostgreSQL']);
  expect((JSON.parse(readFileSync(join(own, 'owner.json'), 'utf8')) as Entry).pid).toBe(keeper.pid);
  const end = `import('${resolve('scripts/lib/process-registry.ts')}').then((m) => m.findLeftovers('${own}/processes.json').stop())`;
  await new Promise((done) => spawn(process.execPath, ['--import', 'tsx', '-e', end]).once('exit', done));
  expect(left.filter(({ pid }) => isRunning(pid))).toEqual([]);
}, 120_000);

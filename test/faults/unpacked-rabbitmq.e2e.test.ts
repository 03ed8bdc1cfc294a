/**
 * Where the machine has no RabbitMQ, one is fetched and unpacked below the project: the real packages, as a user
 * without rights.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { cloneProject } from '../support/clone.js';
import { waitFor } from '../support/wait-for.js';
import { watched } from '../support/watched.js';

// Root becomes the user nobody, unless the project lies where only root may look.
const NOBODY = { uid: 65_534, gid: 65_534 };
const PROGRAM = resolve('test/support/own-rabbitmq.ts');
const canBeNobody = process.getuid!() === 0 && spawnSync('test', ['-r', PROGRAM], NOBODY).status === 0;
const user = canBeNobody ? NOBODY : {};

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'unpacked-rabbitmq-')));
const root = cloneProject(join(folder, 'a clone'));
const place = join(root, '.local/rabbitmq');
if (canBeNobody) execFileSync('chown', ['-hR', `${NOBODY.uid}:${NOBODY.gid}`, folder]);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Seen {
  readonly bin: string;
  readonly content: string;
  readonly queues: string;
  readonly user: number;
}

/** Fetches RabbitMQ into the clone, and starts a node that has this name. */
function start(name: string) {
  const child = spawn(process.execPath, ['--import', 'tsx', PROGRAM, root, name], {
    cwd: root,
    // None that is installed is taken, and the user has no home.
    env: { PATH: process.env.PATH, OWN_RABBITMQ: '1', HOME: join(folder, 'none') },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...user,
  });
  return { ...watched(child), kill: () => child.kill('SIGKILL') };
}

test('two at the same moment, after one that was cut short: each has a node of the same complete files', async () => {
  const cutShort = start('cut-short');
  const isUnpacking = () =>
    existsSync(place) && readdirSync(place).some((name) => existsSync(join(place, name, 'root/usr/lib')));
  await waitFor(
    'it to unpack',
    () => {
      if (cutShort.hasEnded()) throw new Error(cutShort.output());
      return isUnpacking();
    },
    200_000,
  );
  cutShort.kill();
  await cutShort.exited;
  expect(existsSync(join(place, 'root'))).toBe(false);

  const both = ['a', 'b'].map(start);
  const codes = await Promise.all(both.map(({ exited }) => exited));
  const outputs = both.map((one) => one.output());
  if (codes.some((code) => code !== 0)) throw new Error(outputs.join('\n'));
  for (const output of outputs) {
    const seen = JSON.parse(output.slice(output.lastIndexOf('\n{') + 1)) as Seen;
    expect(seen.bin.startsWith(join(place, 'root/'))).toBe(true);
    expect([seen.content, seen.queues.trim()]).toEqual(['an order', 'orders\tquorum']);
    expect(seen.user).toBe(canBeNobody ? NOBODY.uid : process.getuid!());
  }
  expect(readdirSync(place)).toEqual(['root']);
}, 600_000);

/** Which RabbitMQ is taken, and what becomes of one that is unpacked. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { run } from './lib/command.js';
import { makeRelocatable } from './lib/rabbitmq-install.js';
import { findEpmd, findRabbitMq } from './lib/rabbitmq-program.js';

const all = fs.mkdtempSync(path.join(os.tmpdir(), 'unpacked-rabbitmq-'));
afterAll(() => fs.rmSync(all, { recursive: true, force: true }));
let folder: string;
beforeEach(() => void (folder = fs.mkdtempSync(path.join(all, 'a folder '))));

const inside = (name: string): string => path.join(folder, name);
const write = (name: string, text = '', mode = 0o755): void => {
  fs.mkdirSync(path.dirname(inside(name)), { recursive: true });
  fs.writeFileSync(inside(name), text, { mode });
};
const writeServer = (bin: string): void =>
  ['rabbitmq-server', 'rabbitmq-env'].forEach((name) => write(`${bin}/${name}`));

test('a RabbitMQ on the PATH comes before one in a usual place, and that before one of our own', () => {
  for (const bin of ['path', 'usual', 'own/usr/lib/rabbitmq/bin']) writeServer(bin);
  // A wrapper for the system's node, which is no use here.
  write('wrapper/rabbitmq-server');
  const find = (...folders: string[]) =>
    findRabbitMq({
      env: { PATH: [inside('wrapper'), ...folders].join(':') },
      usualFolders: [inside('usual')],
      unpacked: inside('own'),
    });
  assert.equal(find(inside('path'))!.bin, inside('path'));
  assert.equal(find()!.bin, inside('usual'));
  fs.rmSync(inside('usual'), { recursive: true });
  assert.equal(find()!.bin, inside('own/usr/lib/rabbitmq/bin'));
  fs.rmSync(inside('own'), { recursive: true });
  assert.equal(find(), undefined);
});

test('one of our own brings its Erlang, its libraries and its port mapper', () => {
  writeServer('path');
  writeServer('own/usr/lib/rabbitmq/bin');
  for (const name of ['erl', 'epmd']) write(`own/usr/lib/erlang/bin/${name}`);
  write('own/usr/lib/x86_64-linux-gnu/libtinfo.so.6');
  const env = { PATH: inside('path'), LD_LIBRARY_PATH: '/mine', OWN_RABBITMQ: '1' };
  const program = findRabbitMq({ env, unpacked: inside('own') })!;
  assert.equal(program.bin, inside('own/usr/lib/rabbitmq/bin'));
  const [first, second] = program.env.PATH!.split(':');
  assert.deepEqual([first, second], [inside('own/usr/lib/erlang/bin'), inside('path')]);
  assert.equal(program.env.LD_LIBRARY_PATH, `${inside('own/usr/lib/x86_64-linux-gnu')}:/mine`);
  assert.equal(findEpmd(program), inside('own/usr/lib/erlang/bin/epmd'));
});

test('its scripts find Erlang and each other wherever the folder is moved', () => {
  const erl = '#!/bin/sh\nROOTDIR=/usr/lib/erlang\nprintf %s "$ROOTDIR"\n';
  for (const name of ['bin/erl', 'erts-13.1.5/bin/erl']) write(`own/usr/lib/erlang/${name}`, erl);
  write('own/usr/lib/rabbitmq/bin/rabbitmq-env', RABBITMQ_ENV);
  write('own/usr/lib/rabbitmq/bin/rabbitmq-defaults', 'printf %s "$SCRIPTS"');
  makeRelocatable(inside('own'));
  fs.renameSync(inside('own'), inside('moved here'));
  const output = (name: string): string => {
    const { stdout, stderr } = spawnSync(inside(`moved here/usr/lib/${name}`), { encoding: 'utf8' });
    return stdout + stderr;
  };
  assert.equal(output('erlang/bin/erl'), inside('moved here/usr/lib/erlang'));
  assert.equal(output('erlang/erts-13.1.5/bin/erl'), inside('moved here/usr/lib/erlang'));
  assert.equal(output('rabbitmq/bin/rabbitmq-env'), inside('moved here/usr/lib/rabbitmq/bin'));
});

// The lines of the real one that do not bear spaces.
const RABBITMQ_ENV = `#!/bin/sh -e
SCRIPT_PATH="$0"
SCRIPTS=\`dirname $SCRIPT_PATH\`
RABBITMQ_SCRIPTS_DIR="$SCRIPTS"
same() {
    local path=$1
    test "$path" = "$SCRIPTS"
}
same "$SCRIPTS"
. \${RABBITMQ_SCRIPTS_DIR}/rabbitmq-defaults
`;

/**
 * aptUnpack in a process of its own, with an apt-get that notes what it is asked, fetches one package, and fails where
 * it is told to.
 */
function unpackWith({ failing = 'nothing' } = {}) {
  const aptGet = `#!/bin/sh\nshift 2\necho "$1" >> ../../asked\n[ "$1" != ${failing} ] || { echo "no network"; exit 100; }\n[ "$1" != download ] || touch a.deb\n`;
  write('bin/apt-get', aptGet);
  write('bin/dpkg-deb', '#!/bin/sh\nmkdir -p "$3" && touch "$3/file"\n');
  const script = `
    import { aptUnpack } from ${JSON.stringify(path.resolve('scripts/lib/apt.ts'))};
    import fs from 'node:fs';
    const folder = process.argv[1];
    const isDone = () => fs.existsSync(folder);
    await aptUnpack(folder, async () => ['a'], { logFile: folder + '.log', isDone });`;
  const env = { ...process.env, PATH: `${inside('bin')}:${process.env.PATH}` };
  return run(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script, inside('own')], { env });
}
const asked = () => fs.readFileSync(inside('asked'), 'utf8').trim().split('\n');

test('two that unpack at the same moment fetch once', async () => {
  const both = await Promise.all([unpackWith(), unpackWith()]);
  assert.deepEqual(
    both.map(({ code, output }) => [code, output]),
    [
      [0, ''],
      [0, ''],
    ],
  );
  assert.deepEqual(asked(), ['update', 'download']);
  expect(fs.readdirSync(inside('own'))).toEqual(['file']);
});

test('what one has left that was interrupted is not taken for complete, and does not last', async () => {
  write('own.unpacking-a/root/of an earlier one');
  write('own.unpacking-a/archives/earlier.deb');
  assert.equal((await unpackWith()).code, 0);
  expect(fs.readdirSync(inside('own'))).toEqual(['file']);
  assert.equal(fs.existsSync(inside('own.unpacking-a')), false);
});

test('nothing is left when apt-get cannot fetch a package', async () => {
  const { code, output } = await unpackWith({ failing: 'download' });
  assert.equal(code, 1);
  assert.match(output, /AptFailed.*: apt-get failed:\n +no network/);
  const left = fs.readdirSync(folder).filter((name) => name.startsWith('own'));
  expect(left).toEqual(['own.log']);
});

test('one source of several that fails harms nobody', async () => {
  assert.equal((await unpackWith({ failing: 'update' })).code, 0);
});

test('who has none, and neither apt-get nor brew, is told in a sentence what to do', async () => {
  const script = `
    import { ensureRabbitMq } from ${JSON.stringify(path.resolve('scripts/lib/rabbitmq-install.ts'))};
    await ensureRabbitMq({ logFile: process.argv[1], find: () => undefined }).catch((error) => console.log(error.message));`;
  const args = ['--import', 'tsx', '--input-type=module', '-e', script, inside('log')];
  const { output } = await run(process.execPath, args, { env: { PATH: folder } });
  assert.match(
    output,
    /^RabbitMQ 3.10 or newer is needed, and there is neither .*: start Docker, or set AMQP_URL .*\.\n$/,
  );
});

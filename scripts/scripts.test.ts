/** The scripts are ES modules, which Jest's CommonJS mode cannot load. So their tests are written for Node's own runner, and started from here. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';

const files = readdirSync(__dirname).filter((name) => name.endsWith('.test.mjs'));

test.each(files)(
  '%s',
  (file) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--test', path.join(__dirname, file)], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`${stdout}${stderr}`);
  },
  60_000,
);

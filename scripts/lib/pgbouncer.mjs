import path from 'node:path';
import { foldersOfLibraries, unpackTool } from './apt-unpack.mjs';
import { run } from './command.mjs';
import { toolsFolder } from './paths.mjs';

const FOLDER = path.join(toolsFolder, 'pgbouncer');

/** What a person can do when there is none. */
export const NO_PGBOUNCER = 'PgBouncer is needed: "apt-get install pgbouncer"';

/**
 * @typedef {{command: string, env: Record<string, string>}} PgBouncerProgram with what its environment needs
 * @returns {Promise<PgBouncerProgram | undefined>} a PgBouncer that starts
 */
export async function findPgBouncer() {
  const extracted = {
    command: path.join(FOLDER, 'usr/sbin/pgbouncer'),
    env: { LD_LIBRARY_PATH: foldersOfLibraries(FOLDER).join(':') },
  };
  const installed = ['pgbouncer', '/usr/sbin/pgbouncer'].map((command) => ({ command, env: {} }));
  for (const program of [...installed, extracted]) {
    const env = { ...process.env, ...program.env };
    if ((await run(program.command, ['--version'], { env, timeoutMs: 20_000 })).code === 0) return program;
  }
  return undefined;
}

/** Takes it out of Debian's packages, with the libraries that this machine lacks. @returns {Promise<boolean>} whether it is there now */
export async function extractPgBouncer(context) {
  const choose = async (apt) => ['pgbouncer', ...(await apt.missingLibraries(['pgbouncer']))];
  return unpackTool(FOLDER, choose, async () => (await findPgBouncer()) !== undefined, context);
}

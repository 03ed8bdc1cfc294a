import fs from 'node:fs';
import path from 'node:path';
import { aptExtract } from './apt-extract.mjs';
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
  const usrLib = path.join(FOLDER, 'usr/lib');
  const libraries = fs.existsSync(usrLib) ? fs.readdirSync(usrLib).map((name) => path.join(usrLib, name)) : [];
  const extracted = { command: path.join(FOLDER, 'usr/sbin/pgbouncer'), env: { LD_LIBRARY_PATH: libraries.join(':') } };
  const installed = ['pgbouncer', '/usr/sbin/pgbouncer'].map((command) => ({ command, env: {} }));
  for (const program of [...installed, extracted]) {
    const env = { ...process.env, ...program.env };
    if ((await run(program.command, ['--version'], { env, timeoutMs: 20_000 })).code === 0) return program;
  }
  return undefined;
}

/** Takes it out of Debian's packages, with the two libraries that few machines have. @returns {Promise<boolean>} whether it is there now */
export async function extractPgBouncer(context) {
  const { code, output } = await run('apt-cache', ['depends', 'pgbouncer'], {
    env: { ...process.env, LC_ALL: 'C' },
    timeoutMs: 20_000,
  });
  if (code !== 0) return false;
  const libraries = [...output.matchAll(/Depends: (lib(?:event|c-ares)\S+)/g)].map(([, name]) => name);
  return (await aptExtract(['pgbouncer', ...libraries], FOLDER, context)) && (await findPgBouncer()) !== undefined;
}

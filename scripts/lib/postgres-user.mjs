import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const NAME = 'postgres';

/**
 * PostgreSQL refuses to run as root, so root runs it as the system user "postgres", which is made if need be (as the distributions'
 * packages would).
 *
 * @param {string} dataDir will belong to that user
 * @param {string} program must be executable by that user
 * @returns {{spawn: {uid?: number, gid?: number}, prefix: string[], created: boolean}} how to run a program: options for spawn, and a
 *   command to put before it
 */
export function postgresUser(dataDir, program) {
  fs.mkdirSync(path.dirname(dataDir), { recursive: true });
  if (!fs.existsSync(dataDir)) fs.mkdirSync(dataDir, { mode: 0o700 });
  if (process.getuid() !== 0) return { spawn: {}, prefix: [], created: false };

  const known = lookUp();
  const { uid, gid } = known ?? create();
  fs.chownSync(dataDir, uid, gid);
  const created = known === undefined;
  if (canReach([], { uid, gid }, dataDir, program)) return { spawn: { uid, gid }, prefix: [], created };

  // The project lies in a folder closed to others, /root for one. One capability lets the user through: to pass by file permissions. And
  // without that secure bit access(2), which PostgreSQL asks about its programs, would not count it.
  const capability = '-all,+dac_override';
  const prefix = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', `--inh-caps=${capability}`];
  prefix.push(`--ambient-caps=${capability}`, '--securebits=+no_setuid_fixup', '--');
  if (canReach(prefix, {}, dataDir, program)) return { spawn: {}, prefix, created };
  throw new Error(
    `PostgreSQL does not run as root, and the user "${NAME}" cannot read ${dataDir}. Put the project into a folder that others may enter, run it as another user, or set DATABASE_URL.`,
  );
}

function lookUp() {
  const [uid, gid] = ['-u', '-g'].map((flag) => spawnSync('id', [flag, NAME], { encoding: 'utf8' }));
  return uid.status === 0 && gid.status === 0 ? { uid: Number(uid.stdout), gid: Number(gid.stdout) } : undefined;
}

function create() {
  const args = [
    '--system',
    '--user-group',
    '--no-create-home',
    '--home-dir',
    '/nonexistent',
    '--shell',
    '/usr/sbin/nologin',
    NAME,
  ];
  const { status, stderr, error } = spawnSync('useradd', args, { encoding: 'utf8' });
  const user = lookUp();
  if (user !== undefined) return user;
  throw new Error(
    `PostgreSQL does not run as root, and the user "${NAME}" cannot be made (useradd: ${error?.message ?? `code ${status}: ${stderr.trim()}`}). Run this as another user, or set DATABASE_URL.`,
  );
}

function canReach(prefix, user, dataDir, program) {
  const [command, ...args] = [...prefix, 'sh', '-c', 'test -x "$1" && test -w "$2"', 'sh', program, dataDir];
  return spawnSync(command, args, { ...user, cwd: '/' }).status === 0;
}

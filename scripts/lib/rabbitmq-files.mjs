import fs from 'node:fs';
import path from 'node:path';
import { foldersOfLibraries } from './apt-unpack.mjs';
import { unpackedRabbitMq } from './paths.mjs';

/** Quorum queues with message TTL and at-least-once dead-lettering begin here. */
export const OLDEST_RABBITMQ = '3.10';

const PREFIXES = ['/usr/lib/rabbitmq/bin', '/opt/rabbitmq/sbin', '/usr/local/sbin', '/usr/sbin'];
const BREW_PREFIXES = ['/opt/homebrew', '/usr/local', '/home/linuxbrew/.linuxbrew'];
// In a desktop's or a cron's environment the PATH may be short.
const USUAL_PATH = ['/opt/homebrew/bin', '/usr/local/bin', '/usr/bin', '/bin'];
const USUAL_FOLDERS = [...PREFIXES, ...BREW_PREFIXES.map((prefix) => `${prefix}/opt/rabbitmq/sbin`)];

/**
 * @typedef {{bin: string, version: string | undefined, env: Record<string, string>}} RabbitMqProgram `bin` is the folder of
 *   rabbitmq-server and rabbitmqctl; `env` has what they need to find their Erlang
 */

/**
 * The RabbitMQ of this machine, if any: an installed one, else the one that an earlier start has unpacked for this project. With
 * OWN_RABBITMQ set, installed ones are passed over.
 *
 * @param {{env?: NodeJS.ProcessEnv, usualFolders?: string[], unpacked?: string}} [places]
 * @returns {RabbitMqProgram | undefined}
 */
export function findRabbitMq({ env = process.env, usualFolders = USUAL_FOLDERS, unpacked = unpackedRabbitMq } = {}) {
  const folders = env.OWN_RABBITMQ ? [] : [...pathOf(env), ...usualFolders];
  for (const folder of folders) {
    const bin = realBin(folder);
    if (bin === undefined) continue;
    return { bin, version: versionIn(bin), env: { PATH: joined([...pathOf(env), ...USUAL_PATH]) } };
  }
  const bin = realBin(path.join(unpacked, 'usr/lib/rabbitmq/bin'));
  if (bin === undefined) return undefined;
  const libraries = joined([...foldersOfLibraries(unpacked), ...(env.LD_LIBRARY_PATH?.split(path.delimiter) ?? [])]);
  return {
    bin,
    version: versionIn(bin),
    env: {
      PATH: joined([path.join(unpacked, 'usr/lib/erlang/bin'), ...pathOf(env), ...USUAL_PATH]),
      ...(libraries && { LD_LIBRARY_PATH: libraries }),
    },
  };
}

const pathOf = (env) => (env.PATH ?? '').split(path.delimiter);
const joined = (folders) => folders.filter(Boolean).join(path.delimiter);

/** Where the real scripts of a folder's rabbitmq-server are, if it has one. */
function realBin(folder) {
  const server = path.join(folder, 'rabbitmq-server');
  if (!fs.existsSync(server)) return undefined;
  const bin = path.dirname(fs.realpathSync(server));
  // /usr/sbin/rabbitmq-server of the distributions is a wrapper that changes the user and serves the system's node alone. The real
  // script lies beside rabbitmq-env.
  return fs.existsSync(path.join(bin, 'rabbitmq-env')) ? bin : undefined;
}

/** The version that an installation's path names, such as "3.10.8". */
export function versionIn(folder) {
  return /(?:rabbitmq_server-|\/rabbitmq\/)(\d+\.\d+\.\d+)/.exec(folder)?.[1];
}

/** Whether a version is new enough; one that is not known is given the benefit of the doubt. */
export function isNewEnough(version) {
  if (version === undefined) return true;
  const [major, minor] = version.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_RABBITMQ.split('.').map(Number);
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}

/** Erlang's port mapper, which lies beside the real `erl`. @param {RabbitMqProgram} program */
export function findEpmd({ env }) {
  const folders = [...pathOf(env), ...BREW_PREFIXES.map((prefix) => `${prefix}/bin`)];
  for (const folder of folders) {
    const erl = path.join(folder, 'erl');
    const beside = fs.existsSync(erl) ? path.dirname(fs.realpathSync(erl)) : folder;
    const epmd = path.join(beside, 'epmd');
    if (fs.existsSync(epmd)) return epmd;
  }
  throw new Error("Erlang's epmd was not found: is Erlang installed?");
}

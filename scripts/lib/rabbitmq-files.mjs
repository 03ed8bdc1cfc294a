import fs from 'node:fs';
import path from 'node:path';

/** Quorum queues with message TTL and at-least-once dead-lettering begin here. */
export const OLDEST_RABBITMQ = '3.10';

const PREFIXES = ['/usr/lib/rabbitmq/bin', '/opt/rabbitmq/sbin', '/usr/local/sbin', '/usr/sbin'];
const BREW_PREFIXES = ['/opt/homebrew', '/usr/local', '/home/linuxbrew/.linuxbrew'];

/**
 * @typedef {{bin: string, version: string | undefined}} RabbitMqProgram `bin` is the folder of rabbitmq-server and rabbitmqctl
 */

/**
 * The RabbitMQ that is installed on this machine, if any.
 * @returns {RabbitMqProgram | undefined}
 */
export function findRabbitMq() {
  const onPath = (process.env.PATH ?? '').split(path.delimiter);
  const folders = [...onPath, ...PREFIXES, ...BREW_PREFIXES.map((prefix) => `${prefix}/opt/rabbitmq/sbin`)];
  for (const folder of folders) {
    const server = path.join(folder, 'rabbitmq-server');
    if (!fs.existsSync(server)) continue;
    const bin = path.dirname(fs.realpathSync(server));
    // /usr/sbin/rabbitmq-server of the distributions is a wrapper that changes the user and serves the system's node alone. The real
    // script lies beside rabbitmq-env.
    if (fs.existsSync(path.join(bin, 'rabbitmq-env'))) return { bin, version: versionIn(bin) };
  }
  return undefined;
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

/** Erlang's port mapper, which lies beside the real `erl`. */
export function findEpmd() {
  const folders = [
    ...(process.env.PATH ?? '').split(path.delimiter),
    ...BREW_PREFIXES.map((prefix) => `${prefix}/bin`),
  ];
  for (const folder of [...folders, '/usr/bin', '/usr/local/bin']) {
    const erl = path.join(folder, 'erl');
    const beside = fs.existsSync(erl) ? path.dirname(fs.realpathSync(erl)) : folder;
    const epmd = path.join(beside, 'epmd');
    if (fs.existsSync(epmd)) return epmd;
  }
  throw new Error("Erlang's epmd was not found: is Erlang installed?");
}

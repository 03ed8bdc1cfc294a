import fs from 'node:fs';
import path from 'node:path';
import { unpackedRabbitMq } from './paths.js';

/** Quorum queues with message TTL and at-least-once dead-lettering begin here. */
export const OLDEST_RABBITMQ = '3.10';

const BREW_PREFIXES = ['/opt/homebrew', '/usr/local', '/home/linuxbrew/.linuxbrew'];
// In a desktop's or a cron's environment the PATH may be short.
const USUAL_PATH = ['/opt/homebrew/bin', '/usr/local/bin', '/usr/bin', '/bin'];
const USUAL_FOLDERS = [
  ...['/usr/lib/rabbitmq/bin', '/opt/rabbitmq/sbin', '/usr/local/sbin', '/usr/sbin'],
  ...BREW_PREFIXES.map((prefix) => `${prefix}/opt/rabbitmq/sbin`),
];

/** An installed or unpacked RabbitMQ. */
export interface RabbitMqProgram {
  /** The folder of rabbitmq-server and rabbitmqctl. */
  readonly bin: string;
  readonly version: string | undefined;
  /** What they need to find their Erlang. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * The RabbitMQ of this machine, if any: an installed one, else the one that an earlier start has unpacked for this
 * project. With OWN_RABBITMQ set, installed ones are passed over.
 */
export function findRabbitMq({ env = process.env, usualFolders = USUAL_FOLDERS, unpacked = unpackedRabbitMq } = {}):
  RabbitMqProgram | undefined {
  const searched = [...pathOf(env.PATH), ...USUAL_PATH];
  const folders = env.OWN_RABBITMQ ? [] : [...pathOf(env.PATH), ...usualFolders];
  for (const bin of folders.map(realBin))
    if (bin !== undefined) return { bin, version: versionIn(bin), env: { PATH: joined(searched) } };
  const bin = realBin(path.join(unpacked, 'usr/lib/rabbitmq/bin'));
  if (bin === undefined) return undefined;
  const libraries = joined([...foldersOfLibraries(unpacked), ...pathOf(env.LD_LIBRARY_PATH)]);
  const erlang = path.join(unpacked, 'usr/lib/erlang/bin');
  const found = { PATH: joined([erlang, ...searched]), ...(libraries && { LD_LIBRARY_PATH: libraries }) };
  return { bin, version: versionIn(bin), env: found };
}

const pathOf = (text = ''): string[] => text.split(path.delimiter).filter(Boolean);
const joined = (folders: readonly string[]): string => folders.join(path.delimiter);

/** @returns the folders below an unpacked root in which its shared libraries are */
export function foldersOfLibraries(root: string): string[] {
  return ['usr/lib', 'lib'].flatMap((name) => {
    const folder = path.join(root, name);
    const entries = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
    return entries.filter((entry) => /^\w+-linux-gnu/.test(entry)).map((entry) => path.join(folder, entry));
  });
}

/** Where the real scripts of a folder's rabbitmq-server are, if it has one. */
function realBin(folder: string): string | undefined {
  const server = path.join(folder, 'rabbitmq-server');
  if (!fs.existsSync(server)) return undefined;
  const bin = path.dirname(fs.realpathSync(server));
  // /usr/sbin/rabbitmq-server of the distributions is a wrapper that changes the user and serves the system's node
  // alone. The real script lies beside rabbitmq-env.
  return fs.existsSync(path.join(bin, 'rabbitmq-env')) ? bin : undefined;
}

/** @returns the version that an installation's path names, such as "3.10.8" */
export function versionIn(folder: string): string | undefined {
  return /(?:rabbitmq_server-|\/rabbitmq\/)(\d+\.\d+\.\d+)/.exec(folder)?.[1];
}

/** @returns whether a version is new enough; one that is not known is given the benefit of the doubt */
export function isNewEnough(version: string | undefined): boolean {
  return version === undefined || version.localeCompare(OLDEST_RABBITMQ, 'en', { numeric: true }) >= 0;
}

/** @returns Erlang's port mapper, which lies beside the real `erl` */
export function findEpmd({ env }: RabbitMqProgram): string {
  for (const folder of [...pathOf(env.PATH), ...BREW_PREFIXES.map((prefix) => `${prefix}/bin`)]) {
    const erl = path.join(folder, 'erl');
    const epmd = path.join(fs.existsSync(erl) ? path.dirname(fs.realpathSync(erl)) : folder, 'epmd');
    if (fs.existsSync(epmd)) return epmd;
  }
  throw new Error("Erlang's epmd was not found: is Erlang installed?");
}

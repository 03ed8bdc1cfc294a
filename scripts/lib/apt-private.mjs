import fs from 'node:fs';
import path from 'node:path';
import { run, tail } from './command.mjs';

// Packages that are unpacked at the same time.
const AT_ONCE = 4;

/** What Debian's package manager could not do, in its own words. */
export class AptFailed extends Error {}

/** @returns {Promise<boolean>} whether Debian's packages can be fetched and unpacked here */
export async function hasApt() {
  const tools = [
    run('apt-get', ['--version'], { timeoutMs: 20_000 }),
    run('dpkg-deb', ['--version'], { timeoutMs: 20_000 }),
  ];
  return (await Promise.all(tools)).every(({ code }) => code === 0);
}

/**
 * Fetches and unpacks Debian's packages as any user: the lists and archives are its own, and nothing of the system is written.
 *
 * @param {string} folder for all its files; it is made, and whoever calls removes it
 * @param {{logFile: string, signal?: AbortSignal}} options
 */
export function createPrivateApt(folder, { logFile, signal }) {
  const inside = (name) => path.join(folder, name);
  for (const name of ['lists', 'cache', 'archives']) fs.mkdirSync(inside(name), { recursive: true });
  fs.writeFileSync(inside('apt.conf'), configuration(inside));
  const env = { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };

  let updated = '';
  const attempt = (command, ...args) => run(command, args, { cwd: inside('archives'), env, logFile, signal });
  const call = async (command, ...args) => {
    const { code, output } = await attempt(command, ...args);
    if (code !== 0) throw new AptFailed(`${command} failed:\n${tail(output)}`);
    return output;
  };
  const aptGet = (...args) => call('apt-get', '-c', inside('apt.conf'), ...args);
  const aptCache = (...args) => call('apt-cache', '-c', inside('apt.conf'), ...args);

  return {
    /** Fetches the lists of packages. One source of several that fails harms nobody: what is missing is said by `versionOf`. */
    update: async () => {
      updated = (await attempt('apt-get', '-c', inside('apt.conf'), 'update')).output;
    },

    /** @returns {Promise<string>} the version of a package that would be fetched */
    versionOf: async (name) => {
      const policy = await aptCache('policy', name);
      const version = /Candidate: (\d\S*)/.exec(policy)?.[1];
      // One that is installed is known without any source to fetch it from.
      const hasSource = /^ +-?\d+ [a-z+]+:/m.test(policy);
      if (version === undefined || !hasSource)
        throw new AptFailed(`apt-get knows no package ${name}:\n${tail(updated, 5)}`);
      return version;
    },

    /** @returns {Promise<string[]>} whatever a package needs, directly or not, and itself; not those of other architectures */
    closure: async (name) => {
      const without = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map(
        (kind) => `--no-${kind}`,
      );
      const output = await aptCache('depends', '--recurse', ...without, name);
      return output.match(/^[a-z0-9][a-z0-9+.-]*$/gm) ?? [];
    },

    /** @returns {Promise<string[]>} libraries that packages need and that this machine does not have */
    missingLibraries: async (names) => {
      const output = await aptGet('--simulate', '--no-install-recommends', 'install', ...names);
      return [...output.matchAll(/^Inst (lib\S+) \(/gm)].map(([, name]) => name);
    },

    /** Fetches packages and unpacks them below `root`. */
    unpack: async (names, root) => {
      await aptGet('download', ...names);
      const archives = fs.readdirSync(inside('archives')).filter((name) => name.endsWith('.deb'));
      const unpackAll = async () => {
        for (let archive = archives.pop(); archive !== undefined; archive = archives.pop())
          await call('dpkg-deb', '-x', inside(`archives/${archive}`), root);
      };
      const done = await Promise.allSettled(Array.from({ length: AT_ONCE }, unpackAll));
      for (const { reason } of done) if (reason !== undefined) throw reason;
    },
  };
}

/** It is read after the system's configuration. The commands that the system runs after an update are not for these lists. */
function configuration(inside) {
  return `Dir::State::Lists "${inside('lists')}";
Dir::Cache "${inside('cache')}";
Dir::Cache::Archives "${inside('archives')}";
APT::Sandbox::User "";
Debug::NoLocking "true";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear AptCli::Hooks;
`;
}

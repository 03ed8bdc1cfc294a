import fs from 'node:fs';
import path from 'node:path';
import { run, succeeds } from './command.js';
import { withLock } from './lock.js';
import { tail } from './log-file.js';

interface AptOptions {
  readonly logFile: string;
  readonly signal?: AbortSignal | undefined;
}

// Packages that are unpacked at the same time.
const AT_ONCE = 4;

/** What Debian's package manager could not do, in its own words. */
export class AptFailed extends Error {}

/** @returns whether Debian's packages can be fetched and unpacked here */
export async function hasApt(): Promise<boolean> {
  return (await succeeds('apt-get', '--version')) && succeeds('dpkg-deb', '--version');
}

/**
 * Takes the files out of Debian's packages, as any user and without installing them: that would start their servers.
 * They are unpacked beside their place and moved there whole, so a folder that is there is complete.
 *
 * @param folder - where the files go; what is there is replaced
 * @param choose - names the packages; the lists are there by then
 * @param options - `finish` changes the files before they are moved; `isDone` tells that another process was faster
 * @throws {AptFailed} when it cannot be done
 */
export async function aptUnpack(
  folder: string,
  choose: (apt: PrivateApt) => Promise<string[]>,
  options: AptOptions & { finish?: (root: string) => void; isDone: () => boolean | Promise<boolean> },
): Promise<void> {
  const { signal, finish, isDone } = options;
  await withLock(`${folder}.lock`, { signal }, async () => {
    if (await isDone()) return;
    const beside = path.dirname(folder);
    const unpacking = `${path.basename(folder)}.unpacking-`;
    // Of one that was killed. A command of it may write a little longer, so it is tried again.
    const patience = { recursive: true, force: true, maxRetries: 20, retryDelay: 100 };
    for (const name of fs.readdirSync(beside).filter((entry) => entry.startsWith(unpacking)))
      await fs.promises.rm(path.join(beside, name), patience);
    const work = fs.mkdtempSync(path.join(beside, unpacking));
    try {
      const apt = new PrivateApt(work, options);
      await apt.update();
      const root = path.join(work, 'root');
      await apt.unpack(await choose(apt), root);
      finish?.(root);
      fs.rmSync(folder, { recursive: true, force: true });
      fs.renameSync(root, folder);
    } finally {
      fs.rmSync(work, { recursive: true, force: true });
    }
  });
}

/** Debian's package manager with lists and archives of its own, for any user: nothing of the system is written. */
export class PrivateApt {
  readonly #folder: string;
  readonly #options: AptOptions;

  /** @param folder - for all its files; whoever calls removes it */
  constructor(folder: string, { logFile, signal }: AptOptions) {
    this.#folder = folder;
    this.#options = { logFile, signal };
    for (const name of ['lists', 'cache', 'archives']) fs.mkdirSync(this.#inside(name), { recursive: true });
    fs.writeFileSync(
      this.#inside('apt.conf'),
      configuration((name) => this.#inside(name)),
    );
  }

  /** Fetches the lists of packages. One source of several that fails harms nobody: what is missing is said later. */
  async update(): Promise<void> {
    await this.#run('apt-get', ['-c', this.#inside('apt.conf'), 'update']);
  }

  /** @returns whatever a package needs, directly or not, and itself; not those of other architectures */
  async closure(name: string): Promise<string[]> {
    const kinds = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'];
    const output = await this.#apt('apt-cache', 'depends', '--recurse', ...kinds.map((kind) => `--no-${kind}`), name);
    return output.match(/^[a-z0-9][a-z0-9+.-]*$/gm) ?? [];
  }

  /** @returns libraries that packages need and that this machine does not have */
  async missingLibraries(names: readonly string[]): Promise<string[]> {
    const output = await this.#apt('apt-get', '--simulate', '--no-install-recommends', 'install', ...names);
    return [...output.matchAll(/^Inst (lib\S+) \(/gm)].map(([, name]) => name!);
  }

  /** Fetches packages and unpacks them below `root`. */
  async unpack(names: readonly string[], root: string): Promise<void> {
    await this.#apt('apt-get', 'download', ...names);
    const archives = fs.readdirSync(this.#inside('archives')).filter((name) => name.endsWith('.deb'));
    const unpackAll = async (): Promise<void> => {
      for (let archive = archives.pop(); archive !== undefined; archive = archives.pop())
        await this.#call('dpkg-deb', ['-x', this.#inside(`archives/${archive}`), root]);
    };
    const done = await Promise.allSettled(Array.from({ length: AT_ONCE }, unpackAll));
    for (const result of done) if (result.status === 'rejected') throw result.reason;
  }

  #inside(name: string): string {
    return path.join(this.#folder, name);
  }

  #run(command: string, args: readonly string[]) {
    const env = { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
    return run(command, args, { cwd: this.#inside('archives'), env, ...this.#options });
  }

  async #call(command: string, args: readonly string[]): Promise<string> {
    const { code, output } = await this.#run(command, args);
    if (code !== 0) throw new AptFailed(`${command} failed:\n${tail(output)}`);
    return output;
  }

  #apt(command: string, ...args: string[]): Promise<string> {
    return this.#call(command, ['-c', this.#inside('apt.conf'), ...args]);
  }
}

/**
 * It is read after the system's configuration. The commands that the system runs after an update are not for these
 * lists.
 */
function configuration(inside: (name: string) => string): string {
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

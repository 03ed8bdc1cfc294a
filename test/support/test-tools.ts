/** Programs that some suites need, and nothing else does: how they are found, and how they are got. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { AptFailed, aptUnpack, hasApt, type PrivateApt } from '../../scripts/lib/apt.js';
import { run, succeeds } from '../../scripts/lib/command.js';
import type { Log } from '../../scripts/lib/log.js';
import { toolsFolder } from '../../scripts/lib/paths.js';
import { foldersOfLibraries } from '../../scripts/lib/rabbitmq-program.js';

interface InstallContext {
  readonly log: Log;
  readonly logFile: string;
  readonly signal: AbortSignal;
}

/** A program that starts, with what its environment needs. */
export interface TestTool {
  readonly command: string;
  readonly env: Readonly<Record<string, string>>;
}

interface ToolSource {
  readonly name: string;
  /** What a person can do when there is none. */
  readonly lack: string;
  readonly suite: string;
  find(): Promise<TestTool | undefined>;
  install(context: InstallContext): Promise<void>;
}

const unpacked = (folder: string, program: string): TestTool => {
  const place = path.join(toolsFolder, folder);
  const libraries = foldersOfLibraries(place).join(':');
  return { command: path.join(place, program), env: libraries ? { LD_LIBRARY_PATH: libraries } : {} };
};

/** Absolute, as a program that starts them may ask for a file. */
const installed = (commands: readonly string[]): TestTool[] =>
  commands.flatMap((command) => {
    const places = path.isAbsolute(command) ? [''] : (process.env.PATH ?? '').split(path.delimiter).filter(Boolean);
    const found = places.map((place) => path.join(place, command)).find((file) => existsSync(file));
    return found === undefined ? [] : [{ command: found, env: {} }];
  });

async function firstThatStarts(tools: readonly TestTool[], ...args: string[]): Promise<TestTool | undefined> {
  for (const tool of tools) {
    const env = { ...process.env, ...tool.env };
    if ((await run(tool.command, args, { env, timeoutMs: 20_000 })).code === 0) return tool;
  }
  return undefined;
}

const SOURCES = {
  pika: {
    name: 'pika',
    lack: 'Python 3 with pika is needed: "apt-get install python3-pika", or "pip install pika"',
    suite: 'test/stranger.e2e',
    // Debian's package belongs to Debian's Python, which need not be the first in the PATH.
    find: () => firstThatStarts(installed(['/usr/bin/python3', 'python3']), '-c', 'import pika, sqlite3'),
    install: (context) => aptInstall('python3-pika', context),
  },
  chromium: {
    name: 'Chromium',
    lack: 'Chromium is needed: "apt-get install chromium", or any Chrome in the PATH',
    suite: 'test/console.e2e',
    // Ubuntu's chromium-browser may be a script that only tells of a snap.
    find: () =>
      firstThatStarts(
        installed(['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']),
        '--version',
      ),
    install: (context) => aptInstall('chromium', context),
  },
  pgbouncer: {
    name: 'PgBouncer',
    lack: 'PgBouncer is needed: "apt-get install pgbouncer"',
    suite: 'test/pooler.e2e',
    find: () =>
      firstThatStarts(
        [...installed(['pgbouncer', '/usr/sbin/pgbouncer']), unpacked('pgbouncer', 'usr/sbin/pgbouncer')],
        '--version',
      ),
    install: (context) =>
      unpack('pgbouncer', context, async (apt) => ['pgbouncer', ...(await apt.missingLibraries(['pgbouncer']))]),
  },
  promtool: {
    name: 'promtool',
    lack: 'promtool is needed: it comes with Prometheus',
    suite: 'test/alerts.e2e',
    find: () => firstThatStarts([...installed(['promtool']), unpacked('promtool', 'usr/bin/promtool')], '--version'),
    install: (context) => unpack('promtool', context, async () => ['prometheus']),
  },
  debian: {
    name: 'packages of Debian',
    lack: 'apt-get is needed',
    suite: 'test/faults/unpacked-rabbitmq.e2e',
    find: async () => ((await hasApt()) ? { command: 'apt-get', env: {} } : undefined),
    install: async () => undefined,
  },
} satisfies Record<string, ToolSource>;

/** @returns a program that starts. @throws with what to install when there is none */
export async function findTestTool(name: keyof typeof SOURCES): Promise<TestTool> {
  const { find, lack } = SOURCES[name];
  const tool = await find();
  if (tool === undefined) throw new Error(lack);
  return tool;
}

/**
 * Installs the programs that are missing, one after the other, for apt-get does one thing at a time.
 * @returns the suites that cannot run here and are to be left out: none where CI is set, for there they should fail
 */
export async function provideTestTools(
  context: InstallContext & { readonly projects: readonly string[] },
): Promise<string[]> {
  const leftOut: string[] = [];
  const projectOf = (suite: string): string => (suite.startsWith('test/faults/') ? 'faults' : 'e2e');
  for (const { name, find, lack, install, suite } of Object.values<ToolSource>(SOURCES)) {
    if (!context.projects.includes(projectOf(suite))) continue;
    if ((await find()) !== undefined) continue;
    await context.log.task(name, 'installing', async () => {
      await install(context);
      if ((await find()) !== undefined) return 'installed';
      if (process.env.CI) return `could not be installed. ${lack}`;
      leftOut.push(suite);
      return `could not be installed, so ${suite} is left out. ${lack}`;
    });
  }
  return leftOut;
}

/** Takes a program out of Debian's packages, without installing it: that would start a server. */
async function unpack(
  folder: string,
  { logFile, signal }: InstallContext,
  choose: (apt: PrivateApt) => Promise<string[]>,
): Promise<void> {
  if (!(await hasApt())) return;
  const isDone = async () => (await SOURCES[folder as 'pgbouncer' | 'promtool'].find()) !== undefined;
  await aptUnpack(path.join(toolsFolder, folder), choose, { logFile, signal, isDone }).catch((error: unknown) => {
    if (!(error instanceof AptFailed)) throw error;
  });
}

/** Installs a package, where that can be done without a password. It asks nothing, and waits for another one to end. */
async function aptInstall(name: string, { logFile, signal }: InstallContext): Promise<void> {
  const isRoot = process.getuid!() === 0;
  if (!(await hasApt()) || !(isRoot || (await succeeds('sudo', '-n', 'true')))) return;
  const quietly = ['env', 'DEBIAN_FRONTEND=noninteractive', 'NEEDRESTART_MODE=l', 'LC_ALL=C.UTF-8'];
  const aptGet = [...(isRoot ? [] : ['sudo', '-n']), ...quietly, 'apt-get', '-y', '-o', 'DPkg::Lock::Timeout=120'];
  const apt = async (...args: string[]): Promise<boolean> => {
    signal.throwIfAborted();
    const [command, ...more] = [...aptGet, ...args];
    // Without the signal: a package manager that is cut short leaves the machine half done.
    return (await run(command!, more, { logFile })).code === 0;
  };
  if (await apt('install', '--no-install-recommends', name)) return;
  // The lists may be missing, or older than the mirror.
  await apt('update');
  await apt('install', '--no-install-recommends', name);
}

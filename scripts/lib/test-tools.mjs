import { aptInstall } from './apt-install.mjs';
import { aptFetches } from './apt-unpack.mjs';
import { findChromium, NO_CHROMIUM } from './chromium.mjs';
import { extractPgBouncer, findPgBouncer, NO_PGBOUNCER } from './pgbouncer.mjs';
import { extractPromtool, findPromtool, NO_PROMTOOL } from './promtool.mjs';
import { findPythonWithPika, NO_PIKA } from './python-with-pika.mjs';

/** Programs that some suites need, and nothing else does. */
const TOOLS = [
  {
    name: 'pika',
    find: findPythonWithPika,
    lack: NO_PIKA,
    install: (context) => aptInstall('python3-pika', context),
    suite: 'test/stranger.e2e',
  },
  {
    name: 'Chromium',
    find: findChromium,
    lack: NO_CHROMIUM,
    install: (context) => aptInstall('chromium', context),
    suite: 'test/console.e2e',
  },
  {
    name: 'PgBouncer',
    find: findPgBouncer,
    lack: NO_PGBOUNCER,
    install: extractPgBouncer,
    suite: 'test/pooler.e2e',
  },
  { name: 'promtool', find: findPromtool, lack: NO_PROMTOOL, install: extractPromtool, suite: 'test/alerts.e2e' },
  {
    name: 'packages of Debian',
    find: async () => (await aptFetches('rabbitmq-server')) || undefined,
    lack: 'An apt-get that can fetch packages is needed',
    install: async () => false,
    suite: 'test/faults/unpacked-rabbitmq.e2e',
  },
];

const FAULTS = 'test/faults/';

/**
 * Installs the programs that are missing, one after the other, for apt-get does one thing at a time.
 *
 * @param {{projects: string[], setupLog: string, lifetime: {signal: AbortSignal}, log: ReturnType<typeof import('./log.mjs').createLog>}} context
 * @returns {Promise<string[]>} the suites that cannot run here and are to be left out: none where CI is set, for there they should fail
 */
export async function provideTestTools(context) {
  const leftOut = [];
  const needed = TOOLS.filter(({ suite }) => context.projects.includes(suite.startsWith(FAULTS) ? 'faults' : 'e2e'));
  for (const { name, find, lack, install, suite } of needed) {
    if ((await find()) !== undefined) continue;
    await context.log.task(name, 'installing', async () => {
      if (await install(context)) return 'installed';
      if (process.env.CI) return `could not be installed. ${lack}`;
      leftOut.push(suite);
      return `could not be installed, so ${suite} is left out. ${lack}`;
    });
  }
  return leftOut;
}

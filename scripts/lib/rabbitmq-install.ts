import fs from 'node:fs';
import path from 'node:path';
import { AptFailed, aptUnpack, hasApt, type PrivateApt } from './apt.js';
import { run, succeeds } from './command.js';
import { createLog, type Log } from './log.js';
import { tail } from './log-file.js';
import { unpackedRabbitMq } from './paths.js';
import { findRabbitMq, isNewEnough, OLDEST_RABBITMQ, type RabbitMqProgram } from './rabbitmq-program.js';

interface InstallOptions {
  readonly logFile: string;
  readonly signal?: AbortSignal | undefined;
  readonly log?: Log;
  readonly find?: typeof findRabbitMq;
}

/** RabbitMQ can be neither found nor fetched; the message says what a person can do. */
class NoRabbitMq extends Error {
  constructor(reason: string, details = '') {
    const ways = 'start Docker, or set AMQP_URL to a broker that runs already, or install RabbitMQ as';
    const page = 'https://www.rabbitmq.com/docs/download';
    super(
      `RabbitMQ ${OLDEST_RABBITMQ} or newer is needed, and ${reason}: ${ways} ${page} says.${details && `\n${details}`}`,
    );
  }
}

/** The RabbitMQ of this machine, or else one of this project's own: unpacked from Debian's packages, or Homebrew's. */
export async function ensureRabbitMq(options: InstallOptions): Promise<RabbitMqProgram> {
  const { find = findRabbitMq, log = createLog(process.stderr) } = options;
  if (find() === undefined) {
    if (await hasApt()) {
      await log.task('RabbitMQ', 'fetching and unpacking it into this folder', () => unpackRabbitMq(options));
    } else if (await succeeds('brew', '--version')) {
      await log.task('RabbitMQ', 'installing with brew', () => installWithBrew(options));
    } else {
      const means = 'apt-get (Debian, Ubuntu) or brew (macOS) to fetch it with';
      throw new NoRabbitMq(`there is neither one in the PATH, nor ${means}`);
    }
  }
  const program = find();
  if (program === undefined) throw new NoRabbitMq('its package did not bring a server that can be found');
  if (!isNewEnough(program.version)) throw new NoRabbitMq(`${program.version} is installed (${program.bin})`);
  return program;
}

/** Unpacks Debian's RabbitMQ, with the Erlang it needs, below this project: for any user, without a trace elsewhere. */
async function unpackRabbitMq({ logFile, signal }: InstallOptions): Promise<string> {
  const isDone = () => findRabbitMq({ env: { OWN_RABBITMQ: '1' } }) !== undefined;
  try {
    await aptUnpack(unpackedRabbitMq, choosePackages, { logFile, signal, finish: makeRelocatable, isDone });
  } catch (error) {
    throw error instanceof AptFailed ? new NoRabbitMq('apt-get cannot fetch it', error.message) : error;
  }
  return 'fetched and unpacked';
}

async function choosePackages(apt: PrivateApt): Promise<string[]> {
  const erlang = (await apt.closure('rabbitmq-server')).filter((name) => name.startsWith('erlang-'));
  // All of Erlang, even where there is some: its parts are found beside each other.
  return ['rabbitmq-server', ...erlang, ...(await apt.missingLibraries(erlang))];
}

/** Homebrew is left to finish when all is to end: a package manager that is cut short leaves a mess. */
async function installWithBrew({ logFile, signal }: InstallOptions): Promise<string> {
  const { code, output } = await run('brew', ['install', 'rabbitmq'], { logFile });
  signal?.throwIfAborted();
  if (code !== 0) throw new NoRabbitMq('"brew install rabbitmq" failed', tail(output));
  return 'installed';
}

/**
 * Debian's scripts name the folder of Erlang. These find it from where they are, so that the project may be moved. And
 * they bear spaces in the path, which RabbitMQ's do not.
 */
export function makeRelocatable(root: string): void {
  const erlang = path.join(root, 'usr/lib/erlang');
  const runtimes = fs.readdirSync(erlang).filter((name) => name.startsWith('erts-'));
  for (const [folder, up] of [['bin', '..'], ...runtimes.map((name) => [`${name}/bin`, '../..'])])
    edit(path.join(erlang, folder!, 'erl'), (text) =>
      text.replaceAll('/usr/lib/erlang', `$(cd "\${0%/*}/${up}" && pwd)`),
    );
  edit(fs.realpathSync(path.join(root, 'usr/lib/rabbitmq/bin/rabbitmq-env')), (text) =>
    text
      .replace(/ \$SCRIPT_PATH\b/g, ' "$SCRIPT_PATH"')
      .replace('local path=$1', 'local path="$1"')
      .replace(/^\. (\$\S+)$/gm, '. "$1"'),
  );
}

function edit(file: string, change: (text: string) => string): void {
  fs.writeFileSync(file, change(fs.readFileSync(file, 'utf8')));
}

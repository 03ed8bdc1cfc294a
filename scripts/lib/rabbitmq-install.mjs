import { AptFailed, hasApt } from './apt-private.mjs';
import { run, tail } from './command.mjs';
import { createLog } from './log.mjs';
import { findRabbitMq, isNewEnough, OLDEST_RABBITMQ } from './rabbitmq-files.mjs';
import { unpackRabbitMq } from './rabbitmq-unpack.mjs';

/** RabbitMQ can be neither found nor fetched; the message says what a person can do. */
class NoRabbitMq extends Error {
  constructor(reason, details) {
    super(
      `RabbitMQ ${OLDEST_RABBITMQ} or newer is needed, and ${reason}: start Docker, or set AMQP_URL to a broker that runs already, ` +
        `or install RabbitMQ as https://www.rabbitmq.com/docs/download says.${details ? `\n${details}` : ''}`,
    );
  }
}

/**
 * The RabbitMQ of this machine, or else one of this project's own: unpacked from Debian's packages, or Homebrew's.
 * @param {{logFile: string, signal?: AbortSignal, log?: ReturnType<typeof import('./log.mjs').createLog>,
 *   find?: typeof findRabbitMq}} options
 * @returns {Promise<import('./rabbitmq-files.mjs').RabbitMqProgram>}
 */
export async function ensureRabbitMq({
  logFile,
  signal,
  log = createLog({ stream: process.stderr }),
  find = findRabbitMq,
}) {
  let program = find();
  if (program === undefined) {
    await provide({ logFile, signal, log });
    program = find();
  }
  if (program === undefined) throw new NoRabbitMq('its package did not bring a server that can be found');
  if (!isNewEnough(program.version)) throw new NoRabbitMq(`${program.version} is installed (${program.bin})`);
  return program;
}

async function provide({ logFile, signal, log }) {
  if (await hasApt()) {
    await log.task('RabbitMQ', 'fetching and unpacking it into this folder', () => unpack({ logFile, signal }));
  } else if ((await run('brew', ['--version'], { timeoutMs: 20_000 })).code === 0) {
    await log.task('RabbitMQ', 'installing with brew', () => installWithBrew({ logFile, signal, log }));
  } else {
    throw new NoRabbitMq(
      'there is neither one in the PATH, nor apt-get (Debian, Ubuntu) or brew (macOS) to fetch it with',
    );
  }
}

async function unpack(options) {
  try {
    await unpackRabbitMq(options);
  } catch (error) {
    throw error instanceof AptFailed ? new NoRabbitMq('apt-get cannot fetch it', error.message) : error;
  }
  return 'fetched and unpacked';
}

async function installWithBrew({ logFile, signal, log }) {
  const onStop = () =>
    log.line('RabbitMQ: its installation is left to finish, for a package manager that is cut short leaves a mess');
  signal?.addEventListener('abort', onStop, { once: true });
  try {
    const { code, output } = await run('brew', ['install', 'rabbitmq'], { logFile, signal, uninterruptible: true });
    if (code !== 0) throw new NoRabbitMq('"brew install rabbitmq" failed', tail(output));
  } finally {
    signal?.removeEventListener('abort', onStop);
  }
  return 'installed';
}

import { run } from './command.mjs';

// The images of docker-compose.yml.
const POSTGRES_IMAGE = 'postgres:17';
const RABBITMQ_IMAGE = 'rabbitmq:4-management';
const START_MS = 120_000;

/**
 * Starts PostgreSQL in a container of its own, through testcontainers.
 * @returns {Promise<{url: string, stop(): Promise<void>}>}
 */
export async function startPostgresContainer() {
  const { PostgreSqlContainer } = await import('@testcontainers/postgresql');
  const container = await new PostgreSqlContainer(POSTGRES_IMAGE)
    .withUsername('postgres')
    .withPassword('postgres')
    .withDatabase('postgres')
    .withCommand(['postgres', '-c', 'max_connections=200'])
    .withStartupTimeout(START_MS)
    .start();
  return {
    url: `postgres://postgres:postgres@${container.getHost()}:${container.getPort()}/postgres`,
    stop: () => container.stop().then(() => undefined),
  };
}

/**
 * Starts RabbitMQ with its management plugin in a container of its own, through testcontainers.
 * @returns {Promise<{url: string, managementUrl: string, stop(): Promise<void>}>}
 */
export async function startRabbitMqContainer() {
  const { RabbitMQContainer } = await import('@testcontainers/rabbitmq');
  const container = await new RabbitMQContainer(RABBITMQ_IMAGE).withStartupTimeout(START_MS).start();
  const at = (inside) => `guest:guest@${container.getHost()}:${container.getMappedPort(inside)}`;
  return {
    url: `amqp://${at(5672)}`,
    managementUrl: `http://${at(15_672)}`,
    stop: () => container.stop().then(() => undefined),
  };
}

/**
 * testcontainers has a helper, Ryuk, that removes the containers of a run that was killed. Where its image is neither here nor to be had,
 * the tests go without it.
 */
export async function doWithoutRyukIfNeeded({ logFile, signal }) {
  if (process.env.TESTCONTAINERS_RYUK_DISABLED === 'true') return;
  const { REAPER_IMAGE } = await import('testcontainers/build/reaper/reaper.js');
  const docker = async (...args) => (await run('docker', args, { logFile, signal, timeoutMs: 120_000 })).code === 0;
  if ((await docker('image', 'inspect', REAPER_IMAGE)) || (await docker('pull', '--quiet', REAPER_IMAGE))) return;
  process.env.TESTCONTAINERS_RYUK_DISABLED = 'true';
}

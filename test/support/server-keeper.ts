/**
 * A PostgreSQL and a RabbitMQ that a test may kill: in a process of their own, which outlives a test that hangs. Driven
 * by messages.
 */
import { writeJson } from '../../scripts/lib/json-file.js';
import { startPostgres, type RunningPostgres } from '../../scripts/lib/postgres.js';
import { identify } from '../../scripts/lib/process-identity.js';
import { ProcessRegistry } from '../../scripts/lib/process-registry.js';
import { startRabbitMq, type RunningRabbitMq } from '../../scripts/lib/rabbitmq.js';
import type { ServerName } from './private-servers.js';

/** What a test asks for. */
interface Request {
  readonly id: number;
  readonly server: ServerName;
  readonly action: 'stop' | 'kill' | 'restart' | 'ctl';
  readonly signal?: NodeJS.Signals;
  readonly args?: string[];
}

const [folder, ...names] = process.argv.slice(2);
const servers: { postgres?: RunningPostgres; rabbitmq?: RunningRabbitMq } = {};
// On record for `npm test`: when this process is killed, as the whole group of a test run is that ends early, its
// servers are found and ended.
writeJson(`${folder}/owner.json`, identify(process.pid));
const registry = new ProcessRegistry(`${folder}/processes.json`);

const stop = async (): Promise<never> => {
  await Promise.all(Object.values(servers).map((server) => server.stop()));
  registry.killAll(); // what was only starting
  process.exit(0);
};
// The test is gone: so are its servers.
for (const end of ['disconnect', 'SIGTERM', 'SIGINT']) process.on(end, () => void stop());

const place = (name: ServerName) => ({ dataDir: `${folder}/${name}`, logFile: `${folder}/${name}.log`, registry });
if (names.includes('postgres')) servers.postgres = await startPostgres(place('postgres'));
if (names.includes('rabbitmq')) servers.rabbitmq = await startRabbitMq(place('rabbitmq'));

async function answer({ id, server, action, signal, args = [] }: Request): Promise<void> {
  try {
    if (action === 'stop') await stop();
    if (action === 'kill') await servers[server]!.kill(signal);
    if (action === 'restart') await servers[server]!.restart();
    if (action === 'ctl') {
      const { code, output } = await servers.rabbitmq!.ctl(...args);
      if (code !== 0) throw new Error(output);
    }
    process.send!({ id });
  } catch (error) {
    process.send!({ id, error: (error as Error).message });
  }
}
process.on('message', (request: Request) => void answer(request));
process.send!({
  ready: {
    databaseUrl: servers.postgres?.url ?? process.env.TEST_DATABASE_URL,
    amqpUrl: servers.rabbitmq?.amqpUrl ?? process.env.TEST_AMQP_URL,
    managementUrl: servers.rabbitmq?.managementUrl ?? process.env.TEST_MANAGEMENT_URL,
  },
});

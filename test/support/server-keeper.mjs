/** A PostgreSQL and a RabbitMQ that a test may kill: started here, in a process of their own, because Jest cannot load these modules. Driven by messages. */
import { writeJsonAtomically } from '../../scripts/lib/atomic-file.mjs';
import { startPostgres } from '../../scripts/lib/postgres.mjs';
import { identify } from '../../scripts/lib/process-identity.mjs';
import { createProcessRegistry } from '../../scripts/lib/process-registry.mjs';
import { startRabbitMq } from '../../scripts/lib/rabbitmq.mjs';

const [folder, ...names] = process.argv.slice(2);
const start = { postgres: startPostgres, rabbitmq: startRabbitMq };
const servers = {};
// On record for `npm test`: when this process is killed, as the whole group of a test run is that ends early, its servers are found and ended.
writeJsonAtomically(`${folder}/owner.json`, { pid: process.pid, ...identify(process.pid) });
const registry = createProcessRegistry(`${folder}/processes.json`);

const stop = async () => {
  await Promise.all(Object.values(servers).map((server) => server.stop()));
  registry.killAll(); // what was only starting
  process.exit(0);
};
// The test is gone: so are its servers.
for (const end of ['disconnect', 'SIGTERM', 'SIGINT']) process.on(end, () => void stop());

for (const name of names)
  servers[name] = await start[name]({ dataDir: `${folder}/${name}`, logFile: `${folder}/${name}.log`, registry });

process.on('message', async ({ id, server, action, signal, args }) => {
  try {
    if (action === 'stop') await stop();
    if (action === 'kill') await servers[server].kill(signal);
    if (action === 'restart') await servers[server].restart();
    if (action === 'ctl') {
      const { code, output } = await servers.rabbitmq.ctl(...args);
      if (code !== 0) throw new Error(output);
    }
    process.send({ id });
  } catch (error) {
    process.send({ id, error: error.message });
  }
});
process.send({
  ready: {
    databaseUrl: servers.postgres?.url ?? process.env.TEST_DATABASE_URL,
    amqpUrl: servers.rabbitmq?.amqpUrl ?? process.env.TEST_AMQP_URL,
    managementUrl: servers.rabbitmq?.managementUrl ?? process.env.TEST_MANAGEMENT_URL,
  },
});

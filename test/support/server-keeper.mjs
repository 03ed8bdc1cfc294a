/** A PostgreSQL and a RabbitMQ that a test may kill: started here, in a process of their own, because Jest cannot load these modules. Driven by messages. */
import { startPostgres } from '../../scripts/lib/postgres.mjs';
import { startRabbitMq } from '../../scripts/lib/rabbitmq.mjs';

const [folder, ...names] = process.argv.slice(2);
const start = { postgres: startPostgres, rabbitmq: startRabbitMq };
const servers = {};
for (const name of names)
  servers[name] = await start[name]({ dataDir: `${folder}/${name}`, logFile: `${folder}/${name}.log` });

const stop = async () => {
  await Promise.all(Object.values(servers).map((server) => server.stop()));
  process.exit(0);
};

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
// The test is gone: so are its servers.
for (const end of ['disconnect', 'SIGTERM', 'SIGINT']) process.on(end, () => void stop());
process.send({
  ready: {
    databaseUrl: servers.postgres?.url ?? process.env.TEST_DATABASE_URL,
    amqpUrl: servers.rabbitmq?.amqpUrl ?? process.env.TEST_AMQP_URL,
    managementUrl: servers.rabbitmq?.managementUrl ?? process.env.TEST_MANAGEMENT_URL,
  },
});

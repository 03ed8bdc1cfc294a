/** A PostgreSQL and a RabbitMQ that a test may kill: started here, in a process of their own, because Jest cannot load these modules. Driven by messages. */
import { startPostgres } from '../../scripts/lib/postgres.mjs';
import { startRabbitMq } from '../../scripts/lib/rabbitmq.mjs';

const folder = process.argv[2];
const servers = {
  postgres: await startPostgres({ dataDir: `${folder}/postgres`, logFile: `${folder}/postgres.log` }),
  rabbitmq: await startRabbitMq({ dataDir: `${folder}/rabbitmq`, logFile: `${folder}/rabbitmq.log` }),
};

const stop = async () => {
  await Promise.all([servers.rabbitmq.stop(), servers.postgres.stop()]);
  process.exit(0);
};

process.on('message', async ({ id, server, action, args }) => {
  try {
    if (action === 'stop') await stop();
    if (action === 'kill') await servers[server].kill();
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
    databaseUrl: servers.postgres.url,
    amqpUrl: servers.rabbitmq.amqpUrl,
    managementUrl: servers.rabbitmq.managementUrl,
  },
});

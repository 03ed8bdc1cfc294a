/**
 * Starts a PostgreSQL and a RabbitMQ that are given the ports of the servers of all tests first, as when another start
 * was faster; prints who they are.
 */
import { dataDirectoryOf } from '../../scripts/lib/databases.js';
import { freePort } from '../../scripts/lib/ports.js';
import { startPostgres } from '../../scripts/lib/postgres.js';
import { startRabbitMq } from '../../scripts/lib/rabbitmq.js';

const [folder] = process.argv.slice(2);
const portOf = (name: string): number => Number(new URL(process.env[name]!).port);

/** The first choice is lost, the second is good. */
function choices<Choice>(first: Choice, second: () => Promise<Choice>): () => Promise<Choice> {
  let asked = 0;
  return async () => (asked++ === 0 ? first : second());
}

const [postgres, rabbitmq] = await Promise.all([
  startPostgres({
    dataDir: `${folder}/postgres`,
    logFile: `${folder}/postgres.log`,
    choosePort: choices(portOf('TEST_DATABASE_URL'), freePort),
  }),
  startRabbitMq({
    dataDir: `${folder}/rabbitmq`,
    logFile: `${folder}/rabbitmq.log`,
    choosePorts: choices({ amqp: portOf('TEST_AMQP_URL'), management: portOf('TEST_MANAGEMENT_URL') }, async () => ({
      amqp: await freePort(),
      management: await freePort(),
    })),
  }),
]);
const dataDirectory = await dataDirectoryOf(postgres.url);
const { code } = await rabbitmq.ctl('status');
await Promise.all([postgres.stop(), rabbitmq.kill().then(() => rabbitmq.stop())]);
process.stdout.write(JSON.stringify({ dataDirectory, code, postgres: postgres.url, rabbitmq: rabbitmq.amqpUrl }));

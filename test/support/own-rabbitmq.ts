/** Fetches a RabbitMQ into a clone, starts a node of it, and uses it; prints what was seen. */
import amqp from 'amqplib';
import type * as install from '../../scripts/lib/rabbitmq-install.js';
import type * as rabbitmq from '../../scripts/lib/rabbitmq.js';

const [root, name] = process.argv.slice(2);
const load = (file: string): Promise<unknown> => import(`${root}/scripts/lib/${file}`);
const { ensureRabbitMq } = (await load('rabbitmq-install.ts')) as typeof install;
const { startRabbitMq } = (await load('rabbitmq.ts')) as typeof rabbitmq;

const began = Date.now();
const program = await ensureRabbitMq({ logFile: `${root}/.local/setup.log` });
const fetchedMs = Date.now() - began;
const node = await startRabbitMq({
  dataDir: `${root}/.local/data/${name}`,
  logFile: `${root}/.local/logs/${name}.log`,
  program,
});
const startedMs = Date.now() - began;
try {
  const connection = await amqp.connect(node.amqpUrl);
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue('orders', { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  channel.sendToQueue('orders', Buffer.from('an order'), { persistent: true });
  await channel.waitForConfirms();
  const message = await channel.get('orders', { noAck: true });
  await connection.close();
  const queues = (await node.ctl('list_queues', '--silent', 'name', 'type')).output;
  const content = message ? message.content.toString() : null;
  const seen = { bin: program.bin, content, queues, user: process.getuid!(), fetchedMs, startedMs };
  process.stdout.write(`\n${JSON.stringify(seen)}`);
} finally {
  await node.stop();
}

/** Fetches a RabbitMQ into a clone, starts a node of it, and uses it; prints what was seen. */
import { pathToFileURL } from 'node:url';
import amqp from 'amqplib';

const [root, name] = process.argv.slice(2);
const { ensureRabbitMq, startRabbitMq } = await import(pathToFileURL(`${root}/scripts/provision.mjs`).href);

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
  const seen = { bin: program.bin, content: message.content.toString(), queues, user: process.getuid() };
  console.log(JSON.stringify({ ...seen, fetchedMs, startedMs }));
} finally {
  await node.stop();
}

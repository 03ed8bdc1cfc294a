/** Listens in on the exchanges, through a queue of its own beside those of the services. */
import { connect, type ConsumeMessage } from 'amqplib';

export interface WireCapture {
  /** What was published since the capture began, in its order. */
  readonly messages: readonly ConsumeMessage[];
  close(): Promise<void>;
}

/** Whose dead letters are captured: their exchange is no topic exchange, each has a binding of its own. */
export const QUEUES = [
  'consumer_service.commands',
  'restaurant_service.commands',
  'accounting_service.commands',
  'create_order_saga.responses',
];
const BINDINGS: readonly (readonly [exchange: string, routingKey: string])[] = [
  ['saga.commands', '#'],
  ['create_order_saga.responses', '#'],
  ...QUEUES.map((queue) => ['saga.dead', queue] as const),
];

/** Begins to capture: the exchanges must be there. */
export async function captureWire(amqpUrl: string): Promise<WireCapture> {
  const connection = await connect(amqpUrl);
  const channel = await connection.createChannel();
  const { queue } = await channel.assertQueue('', { exclusive: true });
  for (const [exchange, routingKey] of BINDINGS) await channel.bindQueue(queue, exchange, routingKey);
  const messages: ConsumeMessage[] = [];
  await channel.consume(queue, (message) => message && messages.push(message), { noAck: true });
  return { messages, close: () => connection.close() };
}

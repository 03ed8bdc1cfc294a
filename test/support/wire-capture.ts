/** Listens in on the exchanges, through a queue of its own beside those of the services. */
import { connect, type ConsumeMessage } from 'amqplib';

export interface WireCapture {
  /** What was published since the capture began, in its order. */
  readonly messages: readonly ConsumeMessage[];
  close(): Promise<void>;
}

const EXCHANGES = ['saga.commands', 'create_order_saga.responses'];

/** Begins to capture: the exchanges must be there. */
export async function captureWire(amqpUrl: string): Promise<WireCapture> {
  const connection = await connect(amqpUrl);
  const channel = await connection.createChannel();
  const { queue } = await channel.assertQueue('', { exclusive: true });
  for (const exchange of EXCHANGES) await channel.bindQueue(queue, exchange, '#');
  const messages: ConsumeMessage[] = [];
  await channel.consume(queue, (message) => message && messages.push(message), { noAck: true });
  return { messages, close: () => connection.close() };
}

/** An orchestrator that is played by hand: it speaks AMQP and knows nothing of the library. */
import { connect, type ConsumeMessage, type Options } from 'amqplib';
import { waitFor } from './wait-for.js';

const REPLIES = 'test_saga.responses';

/** A message as it came over the wire. */
export interface Message {
  readonly routingKey: string;
  readonly body: unknown;
  readonly properties: ConsumeMessage['properties'];
}

export interface TestOrchestrator {
  /**
   * Publishes to `saga.commands` what is given, as it is given: by default with the reply address of this orchestrator.
   */
  send(task: string, body: string | object, properties?: Options.Publish): Promise<void>;
  /** @returns the replies to a command, once there are `count` */
  replies(correlationId: string, count?: number): Promise<Message[]>;
  /** @returns the next dead letter of a queue, and takes it away */
  deadLetter(queue: string): Promise<{ cause: unknown; body: string; properties: ConsumeMessage['properties'] }>;
  /** Listens in on a task. @returns a function that waits for the first command of the kind that is asked for */
  tap(task: string): Promise<(isWanted: (message: Message) => boolean) => Promise<Message>>;
  close(): Promise<void>;
}

const messageOf = ({ fields, properties, content }: ConsumeMessage): Message => ({
  routingKey: fields.routingKey,
  body: JSON.parse(content.toString()) as unknown,
  properties,
});

/** Connects, and declares an exchange and a queue for replies. */
export async function playOrchestrator(amqpUrl: string): Promise<TestOrchestrator> {
  const connection = await connect(amqpUrl);
  const channel = await connection.createConfirmChannel();
  await channel.assertExchange(REPLIES, 'topic', { durable: true });
  await channel.assertQueue(REPLIES, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  await channel.bindQueue(REPLIES, REPLIES, '#');
  const received: ConsumeMessage[] = [];
  await channel.consume(REPLIES, (message) => message && received.push(message), { noAck: true });

  const repliesTo = (correlationId: string): Message[] =>
    received.filter(({ properties }) => properties.correlationId === correlationId).map(messageOf);
  return {
    async send(task, body, properties = {}) {
      const content = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
      channel.publish('saga.commands', task, content, { persistent: true, replyTo: REPLIES, ...properties });
      await channel.waitForConfirms();
    },
    replies: (correlationId, count = 1) =>
      waitFor(`${count} replies to ${correlationId}`, () => {
        const replies = repliesTo(correlationId);
        return replies.length >= count && replies;
      }),
    async deadLetter(queue) {
      const letter = await waitFor(`a dead letter of ${queue}`, () => channel.get(`${queue}.dead`, { noAck: true }));
      return {
        cause: (letter.properties.headers as Record<string, unknown> | undefined)?.['x-cause'],
        body: letter.content.toString(),
        properties: letter.properties,
      };
    },
    async tap(task) {
      const { queue } = await channel.assertQueue('', { exclusive: true });
      await channel.bindQueue(queue, 'saga.commands', task);
      const seen: Message[] = [];
      await channel.consume(queue, (message) => message && seen.push(messageOf(message)), { noAck: true });
      return (isWanted) => waitFor(`a command ${task}`, () => seen.find(isWanted));
    },
    close: () => connection.close(),
  };
}

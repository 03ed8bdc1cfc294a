/**
 * A way to RabbitMQ that can keep answers to itself, as a node does that stands still, or end each connection after a
 * while.
 */
import { createServer, connect, type Socket } from 'node:net';

export interface AmqpProxy {
  /** The broker's URL through the proxy. */
  readonly url: string;
  /** How many connections were begun. */
  connections(): number;
  close(): Promise<void>;
}

export interface AmqpProxyOptions {
  /** Whether to keep back an answer, by the class and the method of its frame. */
  readonly keeps?: (classId: number, methodId: number) => boolean;
  /** Ends each connection after so many milliseconds. */
  readonly endsAfterMs?: number;
}

const METHOD_FRAME = 1;
const FRAME_OVERHEAD = 8;

/** Listens on a free port. */
export async function startAmqpProxy(
  amqpUrl: string,
  { keeps = () => false, endsAfterMs }: AmqpProxyOptions,
): Promise<AmqpProxy> {
  const target = new URL(amqpUrl);
  const sockets = new Set<Socket>();
  let begun = 0;
  const server = createServer((client) => {
    begun++;
    const broker = connect(Number(target.port), target.hostname);
    let rest: Buffer = Buffer.alloc(0);
    client.pipe(broker);
    broker.on('data', (bytes) => {
      rest = Buffer.concat([rest, bytes]);
      while (rest.length >= FRAME_OVERHEAD) {
        const length = FRAME_OVERHEAD + rest.readUInt32BE(3);
        if (rest.length < length) return;
        const frame = rest.subarray(0, length);
        rest = rest.subarray(length);
        if (frame[0] !== METHOD_FRAME || !keeps(frame.readUInt16BE(7), frame.readUInt16BE(9))) client.write(frame);
      }
    });
    for (const [socket, other] of [
      [client, broker],
      [broker, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    if (endsAfterMs !== undefined) setTimeout(() => client.destroy(), endsAfterMs).unref();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(amqpUrl);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as { port: number }).port);
  return {
    url: url.href,
    connections: () => begun,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

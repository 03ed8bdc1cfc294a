/** A way to a server that can be cut, so that a test can take it away from one process and leave it to the others. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface TcpProxy {
  /** @returns a URL of the server as a URL of the proxy */
  through(url: string): string;
  /** Ends all connections, and refuses new ones. */
  cut(): void;
  /** Takes connections again. */
  restore(): void;
  close(): Promise<void>;
}

/** What is done with the bytes of one connection. */
export interface Tap {
  fromClient(data: Buffer): void;
  fromServer(data: Buffer): void;
}

/** The two ends of one connection. */
export interface Ends {
  toServer(data: Buffer): void;
  toClient(data: Buffer): void;
  /** Ends the connection on both sides. */
  cut(): void;
}

const passOn = ({ toServer, toClient }: Ends): Tap => ({ fromClient: toServer, fromServer: toClient });

/**
 * Starts a proxy to the server that a URL names.
 *
 * @param target - any URL with host and port
 * @param tap - called for each connection; bytes are passed on as they are unless given
 */
export async function startTcpProxy(target: string, tap: (ends: Ends) => Tap = passOn): Promise<TcpProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let isCut = false;

  const server = createServer((client) => {
    if (isCut) return void client.destroy();
    const upstream = connect(Number(port), hostname);
    const end = (): void => {
      client.destroy();
      upstream.destroy();
      sockets.delete(client);
      sockets.delete(upstream);
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true).on('error', end).on('close', end);
    }
    const { fromClient, fromServer } = tap({
      toServer: (data) => void upstream.write(data),
      toClient: (data) => void client.write(data),
      cut: end,
    });
    client.on('data', fromClient);
    upstream.on('data', fromServer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cutAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    through(url) {
      const proxied = new URL(url);
      proxied.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
      return proxied.href;
    },
    cut() {
      isCut = true;
      cutAll();
    },
    restore: () => void (isCut = false),
    close() {
      cutAll();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

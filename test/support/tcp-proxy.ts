/** A way to a server that can be cut, so that a test can take it away from one process and leave it to the others. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface TcpProxy {
  /** @returns a URL of the server as a URL of the proxy */
  through(url: string): string;
  /** Ends all connections, and refuses new ones. */
  cut(): void;
  /** Takes connections again. */
  restore(): void;
  /**
   * Cuts one connection: the first over which these texts have been sent, in this order. The server gets the last one; its answer reaches nobody.
   *
   * @returns once that has happened
   */
  cutAfterSending(...texts: string[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts a proxy to the server that a URL names.
 *
 * @param target - any URL with host and port
 */
export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let isCut = false;
  let fatal: readonly string[] = [];
  let onFatal = (): void => undefined;

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
    let watched = fatal;
    let seen = 0;
    client.on('data', (data) => {
      upstream.write(data);
      if (watched !== fatal) [watched, seen] = [fatal, 0];
      for (let next = watched[seen]; next !== undefined && data.includes(next); next = watched[seen]) seen++;
      if (seen === 0 || seen < watched.length) return;
      fatal = [];
      upstream.removeAllListeners('data').once('data', () => {
        end();
        onFatal();
      });
    });
    upstream.on('data', (data) => client.write(data));
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
    cutAfterSending(...texts) {
      fatal = texts;
      return new Promise((resolve) => (onFatal = resolve));
    },
    close() {
      cutAll();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

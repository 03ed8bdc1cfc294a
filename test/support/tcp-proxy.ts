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
  /**
   * Becomes a black hole for some connections, and for all new ones: nothing more is forwarded in a direction, and nobody is told.
   *
   * @param named - a text that the client has sent when it connected, such as its name
   * @returns how many connections there are of that name
   */
  stall(named: string, direction: Direction): number;
  /** Forwards again, and first of all what was held back meanwhile. */
  resume(): void;
  /**
   * Closes one side of some connections and leaves the other open: what that one sends reaches nobody, and nobody answers.
   *
   * @param named - as for `stall`
   * @returns once each of those that were left has given up
   */
  halfClose(named: string, side: 'client' | 'server'): Promise<void>;
  close(): Promise<void>;
}

export type Direction = 'to server' | 'to client' | 'both';

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
  const links = partialFaults();

  const server = createServer((client) => {
    if (isCut) return void client.destroy();
    const upstream = connect(Number(port), hostname);
    const link = links.add(client, upstream);
    const end = (): void => {
      if (link.isHalf) return;
      links.remove(link);
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
    stall: links.stall,
    resume: links.resume,
    halfClose: links.halfClose,
    close() {
      cutAll();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** One connection through the proxy. */
interface Link {
  readonly client: Socket;
  readonly upstream: Socket;
  /** What the client has sent first: there its name stands. */
  greeting: string;
  isHalf: boolean;
}

const GREETING_LENGTH = 4_096;

/** The faults that concern some connections only, or one side of them. */
function partialFaults() {
  const links = new Set<Link>();
  let stalled: Direction | null = null;
  const hold = ({ client, upstream }: Link, direction: Direction): void => {
    // What is not read stays with the kernel, and in its order.
    if (direction !== 'to client') client.pause();
    if (direction !== 'to server') upstream.pause();
  };
  const matching = (named: string): Link[] =>
    [...links].filter(({ greeting, isHalf }) => !isHalf && greeting.includes(named));
  return {
    add(client: Socket, upstream: Socket): Link {
      const link: Link = { client, upstream, greeting: '', isHalf: false };
      links.add(link);
      client.on('data', (data) => {
        if (link.greeting.length < GREETING_LENGTH) link.greeting += data.toString('latin1');
      });
      // After the listeners that follow, for those set it flowing.
      if (stalled) process.nextTick(hold, link, stalled);
      return link;
    },
    remove: (link: Link): void => void links.delete(link),
    stall(named: string, direction: Direction): number {
      stalled = direction;
      const found = matching(named);
      for (const link of found) hold(link, direction);
      return found.length;
    },
    resume(): void {
      stalled = null;
      for (const { client, upstream } of links) {
        client.resume();
        upstream.resume();
      }
    },
    async halfClose(named: string, side: 'client' | 'server'): Promise<void> {
      const found = matching(named);
      if (found.length === 0) throw new Error(`There is no connection of ${named}`);
      const given = found.map((link): Promise<void> => {
        link.isHalf = true;
        const [gone, left] = side === 'client' ? [link.client, link.upstream] : [link.upstream, link.client];
        gone.destroy();
        left.removeAllListeners('data').resume();
        return new Promise((resolve) =>
          left.once('close', () => {
            links.delete(link);
            resolve();
          }),
        );
      });
      await Promise.all(given);
    },
  };
}

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
   * Becomes a black hole for some connections, and for all new ones: nothing more is forwarded in a direction, and
   * nobody is told.
   *
   * @param named - a text that the client has sent when it connected, such as its name
   * @returns how many connections there are of that name
   */
  stall(named: string, direction: Direction): number;
  /** Forwards again, and first of all what was held back meanwhile. */
  resume(): void;
  /**
   * Closes one side of some connections and leaves the other open: what that one sends reaches nobody, and nobody
   * answers.
   *
   * @param named - as for `stall`
   * @returns once each of those that were left has given up
   */
  halfClose(named: string, side: 'client' | 'server'): Promise<void>;
  close(): Promise<void>;
}

export type Direction = 'to server' | 'to client' | 'both';

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

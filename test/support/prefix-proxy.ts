/**
 * A reverse proxy that takes a prefix off the path and says nothing of it, as nginx does with `location /shop/ {
 * proxy_pass http://service/; }`.
 */
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface PrefixProxy {
  /** Where the service's `/` is. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * @param prefix - with a slash at its end: `/shop/`
 * @param target - the service's base URL
 */
export async function startPrefixProxy(prefix: string, target: string): Promise<PrefixProxy> {
  const server = createServer((incoming, outgoing) => {
    const { url = '', method, headers } = incoming;
    if (!url.startsWith(prefix)) return void outgoing.writeHead(404).end();
    const { host } = new URL(target);
    const forwarded = request(new URL(url.slice(prefix.length - 1), target), { method, headers: { ...headers, host } });
    forwarded.on('response', (answer) => answer.pipe(outgoing.writeHead(answer.statusCode!, answer.headers)));
    forwarded.on('error', () => outgoing.destroy());
    incoming.pipe(forwarded);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${prefix}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

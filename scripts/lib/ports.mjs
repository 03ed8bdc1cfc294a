import net from 'node:net';

const given = new Set();

/**
 * A TCP port that nothing listens on, and that this process has not been given before.
 * @param {number} [preferred] tried first, then others in steps of ten; without it a random one, below those that the system hands out to
 *   outgoing connections
 */
export async function freePort(preferred) {
  for (let attempt = 0; attempt < 500; attempt++) {
    const port = preferred === undefined ? 20_000 + Math.floor(Math.random() * 12_000) : preferred + attempt * 10;
    if (port > 65_535) break;
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
  throw new Error(`no free TCP port found${preferred === undefined ? '' : ` from ${preferred} upwards`}`);
}

/** Gives back a port that was not used after all. */
export function returnPort(port) {
  given.delete(port);
}

/** Whether a server could listen on the port, on any address of this machine. */
export async function isFree(port) {
  for (const host of ['127.0.0.1', '0.0.0.0', '::']) {
    if (!(await canListen(port, host))) return false;
  }
  return true;
}

function canListen(port, host) {
  return new Promise((resolve) => {
    const server = net.createServer();
    // A machine without IPv6 cannot listen on "::" whatever the port.
    server.once('error', (error) => resolve(error.code !== 'EADDRINUSE' && error.code !== 'EACCES'));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

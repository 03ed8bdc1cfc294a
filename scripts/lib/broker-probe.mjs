import net from 'node:net';
import tls from 'node:tls';

const PATIENCE_MS = 2_000;

/**
 * Whether an AMQP 0-9-1 broker answers at the URL: the protocol header is sent, and the broker's first frame awaited. This needs no
 * package, and a port that merely accepts connections does not pass for a broker.
 */
export function amqpAnswers(amqpUrl) {
  const { protocol, hostname, port } = new URL(amqpUrl);
  const host = hostname.replace(/^\[|\]$/g, ''); // an IPv6 address has brackets in a URL only
  return new Promise((resolve) => {
    const secure = protocol === 'amqps:';
    // Nothing is confided here, and whether the certificate is good is for the services to judge.
    const socket = secure
      ? tls.connect({
          host,
          port: Number(port || 5671),
          servername: net.isIP(host) ? '' : host,
          rejectUnauthorized: false,
        })
      : net.connect({ host, port: Number(port || 5672) });
    const done = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(PATIENCE_MS, () => done(false));
    socket.on('error', () => done(false));
    socket.on('close', () => resolve(false));
    socket.on(secure ? 'secureConnect' : 'connect', () => socket.write('AMQP\0\0\u0009\u0001'));
    // Method frame (1) on channel 0; the broker may also answer with the header of the version that it would rather speak.
    socket.on('data', (data) => done(data[0] === 1));
  });
}

/** Asks RabbitMQ's management API. Its URL has the user and the password, which fetch does not take from there. */
export async function management(managementUrl, path, { method = 'GET', body } = {}) {
  const { origin, username, password } = new URL(managementUrl);
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return fetch(`${origin}/api${path}`, {
    method,
    headers: {
      authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
      'content-type': 'application/json',
    },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(PATIENCE_MS * 2),
  });
}

/** Whether the management API is there and accepts the user. */
export async function managementAnswers(managementUrl) {
  return (await managementOverview(managementUrl)) !== undefined;
}

/** What the broker says about itself, such as `rabbitmq_version`; undefined when it does not. */
export async function managementOverview(managementUrl) {
  try {
    const response = await management(managementUrl, '/overview');
    return response.ok ? await response.json() : undefined;
  } catch {
    return undefined;
  }
}

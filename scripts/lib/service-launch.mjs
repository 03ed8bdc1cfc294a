import path from 'node:path';
import { listenerOf } from './listeners.mjs';
import { startPaths } from './paths.mjs';
import { PortTaken, hasLostItsPort, untilPortsAreOurs } from './port-taken.mjs';
import { freePort } from './ports.mjs';
import { SERVICES, startService } from './services.mjs';
import { waitFor } from './wait.mjs';

const LISTEN_MS = 60_000;

/**
 * Starts the four services, each on its usual port or a free one after it, and waits until each listens there itself, or has ended for
 * another reason than its port. All know the ports of all: when one was lost to another process, all are started again.
 *
 * @param {{log: {line(text: string): void}, lifetime: ReturnType<typeof import('./lifetime.mjs').createLifetime>,
 *   registry: ReturnType<typeof import('./process-registry.mjs').createProcessRegistry>,
 *   settings: (service: typeof SERVICES[number]) => Record<string, string>}} context `settings` beside the port and the URLs
 * @returns {Promise<{name: string, url: string, logFile: string, service: Awaited<ReturnType<typeof startService>>}[]>}
 */
export async function launchServices(context) {
  const ports = new Map();
  return untilPortsAreOurs(() => launchOnce(context, ports));
}

/** @param {Map<string, number>} ports by service; those that were lost are taken out */
async function launchOnce({ log, lifetime, registry, settings }, ports) {
  const { signal } = lifetime;
  for (const { name, port: usual } of SERVICES) {
    if (ports.has(name)) continue;
    ports.set(name, await freePort(usual));
    if (ports.get(name) !== usual) log.line(`${name}: port ${usual} is taken, so it gets ${ports.get(name)}`);
  }
  const places = [...ports].map(([name, port]) => `${name}=http://localhost:${port}`).join(',');
  const launched = [];
  const stop = () => Promise.all(launched.map(({ service }) => service.stop()));
  lifetime.defer('services', stop);
  for (const one of SERVICES) {
    const { name, entry } = one;
    const port = ports.get(name);
    const logFile = path.join(startPaths.logs, `${name}.log`);
    const env = { PORT: String(port), SERVICE_URLS: places, ...settings(one) };
    signal.throwIfAborted();
    const service = await startService({ name, entry, env, logFile, registry });
    launched.push({ name, url: `http://localhost:${port}`, logFile, service, port });
  }
  const lost = await Promise.all(launched.map((one) => hasLost(one, signal)));
  if (!lost.includes(true)) return launched;

  await stop();
  for (const { name } of launched.filter((_, index) => lost[index])) ports.delete(name);
  throw new PortTaken('other processes took the ports of services again and again');
}

/** Waits until a service listens. @returns whether another process has its port */
async function hasLost({ service, port, logFile }, signal) {
  const settled = async () => {
    if (!service.running) return 'ended';
    const listener = await listenerOf(service.pid, port);
    // Another one's alone: this one is about to meet it.
    return (listener === 'own' || listener === 'shared') && listener;
  };
  const how = await waitFor(settled, { timeoutMs: LISTEN_MS, everyMs: 50, signal });
  return how === 'shared' || (how === 'ended' && hasLostItsPort({ ports: [port], logFile }));
}

import path from 'node:path';
import type { Lifetime } from './lifetime.js';
import { listensOn } from './listeners.js';
import { messageOf, type Log } from './log.js';
import { restartable, startProcess, type RestartableProcess } from './managed-process.js';
import { root } from './paths.js';
import { freePort, PortTaken, startError, retryOnPortTaken } from './ports.js';
import type { ProcessRegistry } from './process-registry.js';
import { waitUntil } from './wait.js';

/** The services of the system, each with its usual port, its own database, and what starts it. */
export const SERVICES = [
  { name: 'order-service', port: 8081, database: 'order_service' },
  { name: 'consumer-service', port: 8082, database: 'consumer_service' },
  { name: 'restaurant-service', port: 8083, database: 'restaurant_service' },
  { name: 'accounting-service', port: 8084, database: 'accounting_service' },
].map((service) => ({ ...service, entry: `apps/${service.name}/dist/main.js` }));

/** One of the services, as it runs. */
export interface LaunchedService {
  readonly name: string;
  readonly url: string;
  readonly logFile: string;
  readonly service: RestartableProcess;
}

interface ServiceOptions {
  readonly name: string;
  /** Relative to the root. */
  readonly entry: string;
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
  readonly registry?: ProcessRegistry;
}

/** Starts a service: the compiled one, with this Node. */
export function startService({ entry, env, ...options }: ServiceOptions): Promise<RestartableProcess> {
  const args = [path.join(root, entry)];
  const common = { ...options, command: process.execPath, args, env: { ...process.env, ...env }, cwd: root };
  // A service drains what it has in hand for up to ten seconds after SIGTERM.
  return restartable((keepLog) => startProcess({ ...common, keepLog, graceMs: 10_000 }));
}

interface LaunchContext {
  readonly log: Log;
  readonly lifetime: Lifetime;
  readonly registry: ProcessRegistry;
  readonly logs: string;
  /** Of a service, beside its port and the URLs of all. */
  readonly settings: (service: (typeof SERVICES)[number]) => Record<string, string>;
}

/**
 * Starts the four services, each on its usual port or a free one after it, and waits until each listens there itself,
 * or has ended. All know the ports of all: when one was lost to another process, all are started again.
 */
export async function launchServices({ log, lifetime, registry, logs, settings }: LaunchContext) {
  const { signal } = lifetime;
  return retryOnPortTaken(async () => {
    const ports = new Map<string, number>();
    for (const { name, port: usual } of SERVICES) {
      const port = await freePort(usual);
      ports.set(name, port);
      if (port !== usual) log.line(`${name}: port ${usual} is taken, so it gets ${port}`);
    }
    const places = [...ports].map(([name, port]) => `${name}=http://localhost:${port}`).join(',');
    const launched: LaunchedService[] = [];
    const stop = () => Promise.all(launched.map(({ service }) => service.stop()));
    lifetime.defer('services', stop);
    for (const one of SERVICES) {
      const { name, entry } = one;
      const port = String(ports.get(name));
      const logFile = path.join(logs, `${name}.log`);
      signal.throwIfAborted();
      const env = { PORT: port, SERVICE_URLS: places, ...settings(one) };
      const service = await startService({ name, entry, env, logFile, registry });
      launched.push({ name, url: `http://localhost:${port}`, logFile, service });
    }
    const hasSettled = async ({ service, url }: LaunchedService) =>
      !service.running || (await listensOn(service.pid, Number(new URL(url).port)));
    await Promise.all(launched.map((one) => waitUntil(() => hasSettled(one), 60_000, { signal })));
    const ended = launched.filter(({ service }) => !service.running);
    const lost = ended.map(({ name, logFile }) => startError(`${name} could not have its port`, logFile));
    for (const error of lost.filter((one) => one instanceof PortTaken)) {
      await stop();
      throw error;
    }
    return launched;
  });
}

/**
 * Waits until a service says that it is ready: this process of it, and not another one that answers on its port.
 * @throws with its last answer when it does not become ready in time
 */
export async function untilReady(
  name: string,
  url: string,
  { service, signal, timeoutMs = 90_000 }: { service: { pid: number }; signal?: AbortSignal; timeoutMs?: number },
): Promise<void> {
  let last = '';
  const isReady = async (): Promise<boolean> => {
    last = (await listensOn(service.pid, Number(new URL(url).port))) ? await refusalOf(url) : 'it does not listen';
    return last === '';
  };
  if (!(await waitUntil(isReady, timeoutMs, { everyMs: 150, signal })))
    throw new Error(`${name} is not ready after ${timeoutMs / 1000} s: ${last}`);
}

/** Why a service is not ready; nothing when it is. */
async function refusalOf(url: string): Promise<string> {
  try {
    const response = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(2_000) });
    const text = await response.text();
    return response.ok ? '' : `${response.status}, ${text.slice(0, 500)}`;
  } catch (error) {
    return messageOf((error as Error).cause ?? error);
  }
}

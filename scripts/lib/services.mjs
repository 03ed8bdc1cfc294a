import path from 'node:path';
import { startProcess } from './process.mjs';
import { root } from './paths.mjs';

/** The services of the system, each with its usual port and its own database. */
export const SERVICES = [
  { name: 'order-service', port: 8081, database: 'order_service' },
  { name: 'consumer-service', port: 8082, database: 'consumer_service' },
  { name: 'restaurant-service', port: 8083, database: 'restaurant_service' },
  { name: 'accounting-service', port: 8084, database: 'accounting_service' },
].map((service) => ({ ...service, entry: `apps/${service.name}/dist/main.js` }));

// A service drains what it has in hand for up to ten seconds after SIGTERM.
const DRAIN_MS = 10_000;

/**
 * Starts a service: the compiled one, with this Node.
 * @param {{name: string, entry: string, env: Record<string, string>, logFile: string,
 *   registry?: ReturnType<typeof import('./process-registry.mjs').createProcessRegistry>}} options `entry` is relative to the root
 * @returns {Promise<{pid: number, running: boolean, exited: Promise<{code: number | null, signal: string | null}>, stop(): Promise<void>,
 *   restart(): Promise<void>}>}
 */
export async function startService({ name, entry, env, logFile, registry }) {
  const launch = (keepLog) =>
    startProcess({
      name,
      command: process.execPath,
      args: [path.join(root, entry)],
      env: { ...process.env, ...env },
      cwd: root,
      logFile,
      keepLog,
      registry,
      graceMs: DRAIN_MS,
    });
  let service = await launch(false);
  return {
    get pid() {
      return service.pid;
    },
    get running() {
      return service.running;
    },
    get exited() {
      return service.exited;
    },
    stop: () => service.stop(),
    async restart() {
      await service.stop();
      service = await launch(true);
    },
  };
}

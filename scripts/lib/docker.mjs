import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { run, tail } from './command.mjs';
import { root } from './paths.mjs';

/** Whether a container engine answers, within a moment. */
export async function dockerAnswers({ signal } = {}) {
  const { code, output } = await run('docker', ['info', '--format', '{{.ServerVersion}}'], {
    timeoutMs: 3_000,
    signal,
  });
  return code === 0 && /^\d/m.test(output);
}

/** The host that published ports are reached at: another machine when DOCKER_HOST says so. */
function dockerHost() {
  const remote = /^(?:tcp|ssh|https?):\/\/(?:[^@/]*@)?([^:/]+)/.exec(process.env.DOCKER_HOST ?? '');
  return remote?.[1] ?? '127.0.0.1';
}

/**
 * The Compose command for docker-compose.yml of this project: the plugin, or else the program of its own.
 * @returns {Promise<{host: string, port(service: string, inside: number): Promise<number | undefined>,
 *   up(services: string[], ports: Record<string, string>): Promise<void>, stop(services: string[]): Promise<void>} | undefined>}
 */
export async function findCompose({ logFile, signal }) {
  const file = path.join(root, 'docker-compose.yml');
  if (!fs.existsSync(file)) return undefined;
  const candidates = [['docker', 'compose'], ['docker-compose']];
  for (const [command, ...before] of candidates) {
    const { code } = await run(command, [...before, 'version'], { timeoutMs: 5_000, signal });
    if (code === 0)
      return composeWith(command, [...before, '--project-name', projectName(), '--file', file], { logFile, signal });
  }
  return undefined;
}

/** Each folder has containers and data of its own: two clones on one machine must not take each other's. */
function projectName() {
  return `create-order-saga-${createHash('sha256').update(root).digest('hex').slice(0, 8)}`;
}

function composeWith(command, before, { logFile, signal }) {
  const compose = (args, options = {}) =>
    run(command, [...before, ...args], { cwd: root, logFile, signal, ...options });
  return {
    host: dockerHost(),
    /** The host's port of a service that runs. */
    async port(service, inside) {
      const { code, output } = await compose(['port', service, String(inside)], { timeoutMs: 10_000 });
      const port = Number(/:(\d+)\s*$/m.exec(output)?.[1]);
      return code === 0 && port > 0 ? port : undefined;
    },
    /** Starts the services and waits until they are healthy; images may have to be fetched, so it gets time. */
    async up(services, ports) {
      const env = { ...process.env, ...ports };
      const { code, output } = await compose(['up', '--detach', '--wait', ...services], { env, timeoutMs: 600_000 });
      if (code !== 0) throw new Error(`docker compose up failed (code ${code}): ${tail(output, 1).trim()}`);
    },
    /** After the end of everything, so it does not listen to the signal. */
    async stop(services) {
      const { code, output } = await compose(['stop', ...services], { signal: undefined, timeoutMs: 60_000 });
      if (code !== 0) throw new Error(`docker compose stop failed:\n${tail(output)}`);
    },
  };
}

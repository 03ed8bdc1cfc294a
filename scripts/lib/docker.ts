import fs from 'node:fs';
import { run, succeeds, type CommandOptions } from './command.js';
import { readJson, writeJson } from './json-file.js';
import { tail } from './log-file.js';
import { root } from './paths.js';

/** The servers in docker-compose.yml, started in a Compose project of their own. */
export interface ComposeServers {
  /** The host at which their ports are reached. */
  readonly host: string;
  /** @param ports - settings of docker-compose.yml, such as POSTGRES_PORT */
  up(services: readonly string[], ports: Record<string, string>): Promise<void>;
  /** Stops what was started. */
  down(): Promise<void>;
}

/** @returns whether Docker's engine answers within a moment, and has Compose */
export async function dockerAnswers(signal?: AbortSignal): Promise<boolean> {
  const options = { timeoutMs: 3_000, signal };
  const { code, output } = await run('docker', ['info', '--format', '{{.ServerVersion}}'], options);
  return code === 0 && /^\d/m.test(output) && succeeds('docker', 'compose', 'version');
}

/**
 * @param record - a file that tells a later run what to stop, when this one is killed
 * @param project - two clones on one machine, and two runs of tests, must not take each other's containers
 * @param discard - whether the data goes with the containers
 */
export function composeServers(
  { record, project, discard }: { record: string; project: string; discard: boolean },
  options: Pick<CommandOptions, 'logFile' | 'signal'>,
): ComposeServers {
  return {
    // Another machine when DOCKER_HOST says so.
    host: /^(?:tcp|ssh|https?):\/\/(?:[^@/]*@)?([^:/]+)/.exec(process.env.DOCKER_HOST ?? '')?.[1] ?? '127.0.0.1',
    async up(services, ports) {
      writeJson(record, { project, discard });
      // Images may have to be fetched, so it gets time.
      const more = { ...options, env: { ...process.env, ...ports }, timeoutMs: 600_000 };
      const { code, output } = await compose(project, ['up', '--detach', '--wait', ...services], more);
      if (code !== 0) throw new Error(`docker compose up failed (code ${code}): ${tail(output, 1).trim()}`);
    },
    down: () => stopRecorded(record),
  };
}

/** Stops the containers that a file tells of; none when there is no such file. */
export async function stopRecorded(record: string): Promise<void> {
  const left = readJson<{ project: string; discard: boolean }>(record);
  if (left === undefined) return;
  const how = left.discard ? ['down', '--volumes', '--timeout', '1'] : ['stop'];
  const { code, output } = await compose(left.project, how, { timeoutMs: 60_000 });
  if (code !== 0) throw new Error(`docker compose ${how[0]} failed:\n${tail(output)}`);
  fs.rmSync(record, { force: true });
}

function compose(project: string, args: string[], options: CommandOptions) {
  return run('docker', ['compose', '--project-name', project, ...args], { cwd: root, ...options });
}

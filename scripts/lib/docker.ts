import fs from 'node:fs';
import { run, succeeds, type CommandOptions } from './command.js';
import { readJson, writeJson } from './json-file.js';
import { tail } from './log-file.js';
import { root } from './paths.js';

/** A Compose project of docker-compose.yml. */
export interface ComposeProject {
  /** Two clones on one machine, and two runs of tests, must not take each other's containers. */
  readonly name: string;
  /** Whether the data goes with the containers. */
  readonly discard: boolean;
}

/** The host at which published ports are reached: another machine when DOCKER_HOST says so. */
export function dockerHost(): string {
  return /^(?:tcp|ssh|https?):\/\/(?:[^@/]*@)?([^:/]+)/.exec(process.env.DOCKER_HOST ?? '')?.[1] ?? '127.0.0.1';
}

/** @returns whether Docker's engine answers within a moment, and has Compose */
export async function dockerAnswers(signal?: AbortSignal): Promise<boolean> {
  const options = { timeoutMs: 3_000, signal };
  const { code, output } = await run('docker', ['info', '--format', '{{.ServerVersion}}'], options);
  return code === 0 && /^\d/m.test(output) && succeeds('docker', 'compose', 'version');
}

/**
 * Starts services of docker-compose.yml and waits until they are healthy.
 * @param record - a file that tells what to stop, also to the next run when this one is killed
 * @param options - `env` has settings of docker-compose.yml, such as POSTGRES_PORT
 */
export async function composeUp(
  record: string,
  project: ComposeProject,
  services: readonly string[],
  options: CommandOptions,
): Promise<void> {
  writeJson(record, project);
  // Images may have to be fetched, so it gets time.
  const patient = { ...options, timeoutMs: 600_000 };
  const { code, output } = await compose(project, ['up', '--detach', '--wait', ...services], patient);
  if (code !== 0) throw new Error(`docker compose up failed (code ${code}): ${tail(output, 1).trim()}`);
}

/** Stops the containers that a record tells of; none when there is no such file. */
export async function composeDown(record: string): Promise<void> {
  const project = readJson<ComposeProject>(record);
  if (project === undefined) return;
  const how = project.discard ? ['down', '--volumes', '--timeout', '1'] : ['stop'];
  const { code, output } = await compose(project, how, { timeoutMs: 60_000 });
  if (code !== 0) throw new Error(`docker compose ${how[0]} failed:\n${tail(output)}`);
  fs.rmSync(record, { force: true });
}

function compose({ name }: ComposeProject, args: string[], options: CommandOptions) {
  return run('docker', ['compose', '--project-name', name, ...args], { cwd: root, ...options });
}

/**
 * `npm start` in a copy of the project, as a newcomer has it: servers of its own, and services built from the sources.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRunning } from './clone.js';
import { waitFor } from './wait-for.js';
import { watched, type Watched } from './watched.js';

/** What it says of itself in .local/run/stack.json. */
interface StackFile {
  readonly pid: number;
  readonly amqpUrl: string;
  readonly managementUrl: string;
  readonly databases: Record<string, string>;
  readonly services: Record<string, { url: string; pid: number }>;
  readonly rabbitmq: { pid: number };
  readonly postgres: { url: string; pid: number };
}

export interface NpmStart extends Watched {
  stack(): StackFile;
  /** Waits until all runs. @throws with its output when it ends before */
  untilRunning(): Promise<void>;
  /** Ends it as Ctrl-C does, and waits for its end. */
  stop(): Promise<void>;
}

/** Starts it, in a shell in which other programs have left settings of theirs. @param root - see `cloneProject` */
export function npmStart(root: string): NpmStart {
  const child = spawn(process.execPath, [join(root, 'scripts/run.mjs'), join(root, 'scripts/start.ts'), '--embedded'], {
    cwd: root,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: process.env.HOME ?? '',
      HOST: 'x86_64-conda-linux-gnu',
      PORT: '1',
      PGSSLMODE: 'require',
      PGOPTIONS: '-c default_transaction_read_only=on',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const seen = watched(child);
  return {
    ...seen,
    stack: () => JSON.parse(readFileSync(join(root, '.local/run/stack.json'), 'utf8')) as StackFile,
    untilRunning: () =>
      waitFor(
        'it to run',
        () => {
          if (seen.hasEnded()) throw new Error(`It has ended:\n${seen.output()}`);
          return seen.output().includes('Running.');
        },
        300_000,
      ).then(() => undefined),
    async stop() {
      child.kill('SIGTERM');
      await seen.exited;
    },
  };
}

/** @returns the processes of a stack that still run, by id */
export function stillRunning({ pid, rabbitmq, postgres, services }: StackFile): number[] {
  const pids = [pid, rabbitmq.pid, postgres.pid, ...Object.values(services).map((service) => service.pid)];
  return pids.filter(isRunning);
}

/** One of the real services, compiled, as a process of its own. */
import { spawn } from 'node:child_process';
import { OPERATOR_TOKEN } from './operator-token.js';
import { waitFor } from './wait-for.js';
import { watched, type Watched } from './watched.js';

export type ServiceName = 'order-service' | 'consumer-service' | 'restaurant-service' | 'accounting-service';

/** How long a service may take from SIGTERM to its end, in milliseconds. */
const STOP_MS = 10_000;
/** How long it may take to begin, on a machine that starts a lot else. */
const READY_MS = 60_000;

export interface ServiceProcess extends Omit<Watched, 'hasEnded'> {
  readonly name: ServiceName;
  /** Its process id. */
  readonly pid: number;
  /** Where it listens; known once it does. */
  url(): string;
  /** Ends it as a power failure would. */
  kill(): void;
  /** Stops it in its tracks: it keeps its connections, and does not know that time passes. */
  pause(): void;
  /** Lets it go on as if nothing had happened. */
  resume(): void;
  /** Waits until `/health/ready` answers 200. @throws with its output when it ends before, or in vain */
  untilReady(): Promise<void>;
  /** Stops it by SIGTERM. @throws unless it ends with exit code 0 within ten seconds */
  stop(): Promise<void>;
}

/**
 * Starts a service from its compiled code, on a free port.
 *
 * @param environment - its settings; nothing but PATH is taken from the test's own environment
 */
export function startService(name: ServiceName, environment: Readonly<Record<string, string>>): ServiceProcess {
  const child = spawn(process.execPath, ['--enable-source-maps', `apps/${name}/dist/main.js`], {
    env: { PATH: process.env.PATH ?? '', HOST: '127.0.0.1', PORT: '0', OPERATOR_TOKEN, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { output, exited, hasEnded } = watched(child);
  const listening = (): string | undefined => /Server listening at (http:[^"\s]+)/.exec(output())?.[1];
  const service: ServiceProcess = {
    name,
    pid: child.pid!,
    exited,
    output,
    url() {
      const url = listening();
      if (!url) throw new Error(`${name} does not listen:\n${output()}`);
      return url;
    },
    kill: () => void child.kill('SIGKILL'),
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    untilReady: () =>
      waitFor(
        `${name} to be ready`,
        async () => {
          if (hasEnded()) throw new Error(`${name} has ended:\n${output()}`);
          const url = listening();
          return url !== undefined && (await answersOk(`${url}/health/ready`));
        },
        READY_MS,
      ).then(
        () => undefined,
        (error: Error) => Promise.reject(new Error(`${error.message}\n${output()}`)),
      ),
    async stop() {
      const began = performance.now();
      child.kill('SIGTERM');
      await waitFor(`${name} to end`, hasEnded, STOP_MS).catch((error: Error) => {
        child.kill('SIGKILL');
        throw new Error(`${error.message}\n${output()}`);
      });
      const code = await exited;
      const took = Math.round(performance.now() - began);
      if (code !== 0) throw new Error(`${name} ended with ${code} after ${took} ms:\n${output()}`);
    },
  };
  return service;
}

/** @returns a function that says whether a service has written this since */
export function heardFrom(service: ServiceProcess): (what: string | RegExp) => boolean {
  const from = service.output().length;
  return (what) => {
    const heard = service.output().slice(from);
    return typeof what === 'string' ? heard.includes(what) : what.test(heard);
  };
}

async function answersOk(url: string): Promise<boolean> {
  return fetch(url).then(
    async (response) => {
      await response.arrayBuffer();
      return response.ok;
    },
    () => false,
  );
}

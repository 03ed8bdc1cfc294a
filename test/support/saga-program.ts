/** The program `saga`, compiled, as a process of its own. */
import { execFile } from 'node:child_process';

export interface Ended {
  /** -1 when it did not end by itself within a minute. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export const SAGA_PROGRAM = 'libs/saga-operator/bin/saga.js';

/**
 * Runs `saga` to its end.
 *
 * @param environment - all that it finds in its environment, beside PATH
 * @param input - what stands on its standard input
 */
export function runSaga(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  input?: string,
): Promise<Ended> {
  const env = { PATH: process.env.PATH ?? '', ...environment };
  return new Promise((resolve) => {
    const program = execFile(
      process.execPath,
      [SAGA_PROGRAM, ...args],
      { env, timeout: 60_000 },
      (_error, stdout, stderr) => resolve({ code: program.exitCode ?? -1, stdout, stderr }),
    );
    program.stdin?.end(input);
  });
}

/** The participant in Python, as a process of its own. */
import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { findTestTool } from './test-tools.js';
import { waitFor } from './wait-for.js';
import { watched } from './watched.js';

const FILE = 'examples/python-accounting/accounting_service.py';
const READY = 'consuming accounting_service.commands';
const QUERY = `
import json, sqlite3, sys
print(json.dumps(sqlite3.connect(sys.argv[1], timeout=20, isolation_level=None).execute(sys.argv[2]).fetchall()))`;

export interface PythonParticipant {
  /** All it has written. */
  output(): string;
  /** Ends it as a power failure would. */
  kill(): Promise<void>;
  /** Waits until it has begun to consume so often. */
  untilReady(times?: number): Promise<void>;
  /** Stops it by SIGTERM. @throws unless it ends with exit code 0 */
  stop(): Promise<void>;
}

/** @returns a Python that can run it. @throws with what to install */
export async function pythonWithPika(): Promise<string> {
  return (await findTestTool('pika')).command;
}

/** @returns the rows that a statement gives, of a SQLite file that is in use */
export async function rowsOf(python: string, file: string, query: string): Promise<unknown[][]> {
  const { stdout } = await promisify(execFile)(python, ['-c', QUERY, file, query]);
  return JSON.parse(stdout) as unknown[][];
}

/** Starts it. @returns once it consumes */
export async function startPythonParticipant(
  python: string,
  settings: Readonly<Record<string, string>>,
): Promise<PythonParticipant> {
  const child = spawn(python, [FILE], {
    env: { PATH: process.env.PATH ?? '', PYTHONUNBUFFERED: '1', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { output, exited, hasEnded } = watched(child);
  const participant: PythonParticipant = {
    output,
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    async untilReady(times = 1) {
      await waitFor(
        'the participant in Python to consume',
        () => {
          if (hasEnded()) throw new Error(`The participant in Python has ended:\n${output()}`);
          return output().split(READY).length > times;
        },
        60_000,
      ).catch((error: Error) => Promise.reject(new Error(`${error.message}\n${output()}`)));
    },
    async stop() {
      if (hasEnded()) return;
      child.kill('SIGTERM');
      const code = await exited;
      if (code !== 0) throw new Error(`The participant in Python ended with ${code}:\n${output()}`);
    },
  };
  await participant.untilReady();
  return participant;
}

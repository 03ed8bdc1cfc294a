import type { ChildProcessByStdio } from 'node:child_process';
import type { Readable } from 'node:stream';

/** What is known of a process from outside. */
export interface Watched {
  /** All it has written. */
  output(): string;
  /** @returns the exit code, once it has ended; null after a signal that it did not handle */
  readonly exited: Promise<number | null>;
  hasEnded(): boolean;
}

/** Begins to read what a process writes, and to wait for its end. */
export function watched(child: ChildProcessByStdio<null, Readable, Readable>): Watched {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  let ended = false;
  // 'close' comes after 'exit', when all output is read.
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  void exited.then(() => (ended = true));
  return { output: () => output, exited, hasEnded: () => ended };
}

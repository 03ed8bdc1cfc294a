/** When what the program writes cannot be written. */
import { EXIT } from './exit-codes.js';

let failure: NodeJS.ErrnoException | null = null;

/** Begins to watch standard output; otherwise a reader that is gone would end the program in the middle of an act. */
export function handleOutputErrors(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    failure ??= error;
    // A reader that has read enough, such as head, is no failure: the command goes on, and its end is what it would
    // have been.
    if (failure.code === 'EPIPE') return;
    process.stderr.write(`The output cannot be written: ${failure.message}\n`);
    process.exit(EXIT.unavailable);
  });
  process.stderr.on('error', () => undefined);
}

/** @returns a signal that aborts when nobody reads any more */
export function outputClosedSignal(): AbortSignal {
  const gone = new AbortController();
  if (failure) gone.abort();
  else process.stdout.once('error', () => gone.abort());
  return gone.signal;
}

import closeWithGrace from 'close-with-grace';
import type { Logger } from 'saga-core';
import { CONSTANTS } from './defaults.js';
import { endAtOnce } from './main/index.js';

/** From a process's first moment to its last. */
export interface Lifetime {
  /** Aborts when the process is to stop. */
  readonly stopping: AbortSignal;
  /** What was opened last is closed first. A closer that throws keeps none of the others from running. */
  onStop(what: string, close: () => Promise<unknown>): void;
  /** Until it is called, there is nothing to log to. */
  logTo(logger: Logger): void;
}

/**
 * Begins to listen for the end: SIGTERM, SIGINT, or an error that nobody caught. Then everything is closed, within
 * `shutdownMs`, and the process exits: with 0, or with 1 after an error or when time runs out. Further signals change
 * nothing: one Ctrl-C can arrive twice, from the terminal and from the process that started this one.
 */
export function beginLifetime(): Lifetime {
  const stopping = new AbortController();
  const closers: { what: string; close: () => Promise<unknown> }[] = [];
  let logger: Logger | undefined;
  const onTimeout = (delay: number) => logger?.error({ afterMs: delay }, 'not stopped in time; exiting');

  closeWithGrace({ delay: CONSTANTS.shutdownMs, logger: false, onTimeout }, async ({ err, signal }) => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.removeAllListeners(signal).on(signal, () => undefined);
    if (err) logger?.fatal({ err }, 'stopping after an error');
    else logger?.info({ signal: signal ?? null }, 'stopping');
    stopping.abort();
    for (const { what, close } of closers.toReversed())
      await close().catch((error: unknown) => logger?.error({ err: error, what }, 'could not be closed'));
    logger?.info('stopped');
  });

  process.off('SIGTERM', endAtOnce).off('SIGINT', endAtOnce);
  return {
    stopping: stopping.signal,
    onStop: (what, close) => void closers.push({ what, close }),
    logTo: (given) => (logger = given),
  };
}

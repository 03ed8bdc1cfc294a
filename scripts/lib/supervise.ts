import { setTimeout as sleep } from 'node:timers/promises';
import { duration, messageOf, type Log } from './log.js';
import type { RestartableProcess } from './managed-process.js';

const FIRST_MS = 500;
const LONGEST_MS = 30_000;
const EARLY_MS = 10_000;
const SETTLED_MS = 60_000;
const REFUSES_TO_START = 3;

/** How often something has failed in a row, how often early, and how long to wait before it is started again. */
export interface Failures {
  readonly failures: number;
  /** Exits with code 1 within ten seconds, in a row: the mark of a program that refuses to start. */
  readonly earlyFailures: number;
  readonly delayMs: number;
}

/** The state of something that has never failed. */
export const neverFailed: Failures = { failures: 0, earlyFailures: 0, delayMs: 0 };

/** @returns what follows from a failure. A process that ran for a minute before it ended begins anew. */
export function afterFailure(
  before: Failures,
  { code, uptimeMs }: { code: number | null; uptimeMs: number },
): Failures {
  const failures = uptimeMs >= SETTLED_MS ? 1 : before.failures + 1;
  const earlyFailures = code === 1 && uptimeMs < EARLY_MS ? before.earlyFailures + 1 : 0;
  return { failures, earlyFailures, delayMs: Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1)) };
}

export interface SuperviseOptions {
  readonly name: string;
  readonly signal: AbortSignal;
  readonly log: Pick<Log, 'line'>;
  readonly onRestarted?: () => void;
  /** Is told when it has ended at once with code 1 three times in a row. */
  readonly onRefusal?: () => void;
}

/** Starts something again whenever it ends, at growing intervals, until the signal is aborted. */
export async function supervise(
  target: Pick<RestartableProcess, 'pid' | 'exited' | 'restart'>,
  { name, signal, log, onRestarted, onRefusal }: SuperviseOptions,
): Promise<void> {
  const aborted = new Promise<null>((resolve) => signal.addEventListener('abort', () => resolve(null), { once: true }));
  let history = neverFailed;
  let since = Date.now();
  const isOver = (): boolean => signal.aborted;
  while (!isOver()) {
    const ending = await Promise.race([target.exited, aborted]);
    if (ending === null || isOver()) return;
    history = afterFailure(history, { code: ending.code, uptimeMs: Date.now() - since });
    const how = ending.signal ?? `code ${ending.code}`;
    log.line(`${name} ended (${how}); starting it again in ${duration(history.delayMs)}`);
    if (history.earlyFailures === REFUSES_TO_START) onRefusal?.();
    try {
      await sleep(history.delayMs, undefined, { signal });
      since = Date.now();
      await target.restart();
      log.line(`${name} runs again (pid ${target.pid})`);
      onRestarted?.();
    } catch (error) {
      if (isOver()) return;
      log.line(`${name} could not be started: ${messageOf(error)}`); // one more ending, so it is tried again
    }
  }
}

import { afterFailure, neverFailed } from './backoff.mjs';
import { duration } from './log.mjs';
import { sleep } from './wait.mjs';

const REFUSES_TO_START = 3;

/**
 * Starts something again whenever it ends, at growing intervals, until the signal is aborted.
 *
 * @param {{pid: number, exited: Promise<{code: number | null, signal: string | null}>, restart(): Promise<void>}} target
 * @param {{name: string, signal: AbortSignal, log: {line(text: string): void}, onRestarted?: () => void,
 *   onRefusal?: () => void}} options `onRefusal` is told when it has ended at once with code 1 three times in a row
 */
export async function supervise(target, { name, signal, log, onRestarted, onRefusal }) {
  const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  let history = neverFailed;
  let since = Date.now();
  for (;;) {
    const ending = await Promise.race([target.exited, aborted]);
    if (signal.aborted) return;

    history = afterFailure(history, { code: ending.code, uptimeMs: Date.now() - since });
    const how = ending.signal === null ? `code ${ending.code}` : ending.signal;
    log.line(`${name} ended (${how}); starting it again in ${duration(history.delayMs)}`);
    if (history.earlyFailures === REFUSES_TO_START) onRefusal?.();

    await sleep(history.delayMs, signal);
    if (signal.aborted) return;
    since = Date.now();
    try {
      await target.restart();
      log.line(`${name} runs again (pid ${target.pid})`);
      onRestarted?.();
    } catch (error) {
      // It counts as one more ending, so it is tried again later.
      if (!signal.aborted) log.line(`${name} could not be started: ${error.message}`);
    }
  }
}

import { setMaxListeners } from 'node:events';
import pWaitFor from 'p-wait-for';

/** @returns whether the condition came true in time. @throws the signal's reason when that is aborted */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  timeoutMs: number,
  { everyMs = 50, signal }: { everyMs?: number; signal?: AbortSignal | undefined } = {},
): Promise<boolean> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const over = AbortSignal.any(signal ? [signal, timeout] : [timeout]);
  setMaxListeners(0, over); // it is asked in each round
  try {
    await pWaitFor(condition, { interval: everyMs, signal: over });
    return true;
  } catch (error) {
    if (error === timeout.reason) return false;
    throw error;
  }
}

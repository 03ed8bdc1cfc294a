import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 20;

/**
 * Waits for a condition, never for a time.
 *
 * @param what - for the error: "Waited for … in vain"
 * @param condition - what it answers when it holds; a falsy answer is asked again
 * @param timeoutMs - 20 s unless given
 * @returns what the condition answered
 */
export async function waitFor<Result>(
  what: string,
  condition: () => Result | Promise<Result>,
  timeoutMs = 20_000,
): Promise<Exclude<Result, false | null | undefined>> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const result = await condition();
    if (result) return result as Exclude<Result, false | null | undefined>;
    if (performance.now() > end) throw new Error(`Waited for ${what} in vain, ${timeoutMs} ms long`);
    await delay(POLL_MS);
  }
}

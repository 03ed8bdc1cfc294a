import { waitFor } from './wait.mjs';

/** What a URL answers: its status and text, or why it did not. */
async function ask(url, timeoutMs = 2_000) {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
    return { status: response.status, text: (await response.text()).slice(0, 500) };
  } catch (error) {
    return { status: 0, text: error.cause?.message ?? error.message };
  }
}

/**
 * Waits until a service says that it is ready.
 * @throws with its last answer when it does not become ready in time
 */
export async function untilReady(name, url, { timeoutMs = 90_000, signal }) {
  let last;
  const isReady = async () => {
    last = await ask(`${url}/health/ready`);
    return last.status === 200;
  };
  if (await waitFor(isReady, { timeoutMs, everyMs: 150, signal })) return;
  throw new Error(`${name} is not ready after ${timeoutMs / 1000} s: ${last.status || 'no answer'}, ${last.text}`);
}

/** Whether a page is there. */
export async function isThere(url) {
  return (await ask(url)).status === 200;
}

import { listenerOf } from './listeners.mjs';
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
 * Waits until a service says that it is ready: this process of it, and not another one that answers on its port.
 * @param {string} name
 * @param {string} url
 * @param {{service: {pid: number}, timeoutMs?: number, signal?: AbortSignal}} options
 * @throws with its last answer when it does not become ready in time
 */
export async function untilReady(name, url, { service, timeoutMs = 90_000, signal }) {
  const port = Number(new URL(url).port);
  let last;
  const isReady = async () => {
    const listener = await listenerOf(service.pid, port);
    if (listener === 'own') last = await ask(`${url}/health/ready`);
    else
      last = { status: 0, text: listener === 'nobody' ? 'it does not listen' : 'another process listens on its port' };
    return last.status === 200;
  };
  if (await waitFor(isReady, { timeoutMs, everyMs: 150, signal })) return;
  throw new Error(`${name} is not ready after ${timeoutMs / 1000} s: ${last.status || 'no answer'}, ${last.text}`);
}

/** Whether a page is there. */
export async function isThere(url) {
  return (await ask(url)).status === 200;
}

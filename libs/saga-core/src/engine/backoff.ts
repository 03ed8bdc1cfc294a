import type { RetryPolicy } from '../settings.js';

/** A fifth less or more, so that instances which failed together do not come back together. */
const JITTER = 0.2;

/**
 * The pause after a failed attempt. It is a function of its arguments alone (the decision is pure): the jitter comes from the instance's id.
 *
 * @param attempt - the attempt that failed, from 1
 * @param sagaId - spreads the instances
 * @returns milliseconds
 */
export function backoffMs(backoff: RetryPolicy['backoff'], attempt: number, sagaId: string): number {
  const pause = Math.min(backoff.maxMs, backoff.initialMs * backoff.factor ** (attempt - 1));
  return Math.round(pause * (1 + JITTER * (2 * spread(`${sagaId}:${attempt}`) - 1)));
}

/** @returns a number from 0 to 1 (FNV-1a). */
function spread(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return (hash >>> 0) / 0xffffffff;
}

/** Pauses between attempts, each longer than the one before. */
import { CONSTANTS } from '../settings.js';

/** How pauses grow. */
export interface Backoff {
  readonly initialMs: number;
  readonly factor: number;
  readonly maxMs: number;
}

/** A fifth less or more, so that what failed together does not come back together. */
const JITTER = 0.2;

/**
 * The pause after a failed attempt: `initialMs · factor^(attempt − 1)`, at most `maxMs`. It is a function of its
 * arguments alone.
 *
 * @param attempt - the attempt that failed, from 1
 * @param key - of what is tried: it makes the pause up to a fifth longer or shorter than that of others; none unless
 *   given
 * @returns milliseconds
 */
export function backoffMs({ initialMs, factor, maxMs }: Backoff, attempt: number, key?: string): number {
  const pause = Math.min(maxMs, initialMs * factor ** (attempt - 1));
  return key === undefined ? pause : Math.round(pause * (1 + JITTER * (2 * spread(`${key}:${attempt}`) - 1)));
}

/**
 * The pause before something is tried again that is not there, such as the broker or the database.
 *
 * @param failures - in a row, from 1
 * @returns milliseconds
 */
export const recoveryPauseMs = (failures: number): number =>
  backoffMs({ initialMs: CONSTANTS.recoveryInitialMs, factor: 2, maxMs: CONSTANTS.recoveryMaxMs }, failures);

/** @returns a number from 0 to 1 (FNV-1a). */
function spread(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return (hash >>> 0) / 0xffffffff;
}

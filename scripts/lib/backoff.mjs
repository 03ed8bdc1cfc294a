const FIRST_MS = 500;
const LONGEST_MS = 30_000;
const EARLY_MS = 10_000;
const SETTLED_MS = 60_000;

/**
 * How often something has failed in a row, and what follows from it. A process that ran for a minute before it ended begins anew.
 * @param {{failures: number, earlyFailures: number}} before
 * @param {{code: number | null, uptimeMs: number}} ending
 * @returns {{failures: number, earlyFailures: number, delayMs: number}} `earlyFailures` counts exits with code 1 within ten seconds: the
 *   mark of a program that refuses to start
 */
export function afterFailure(before, { code, uptimeMs }) {
  const failures = uptimeMs >= SETTLED_MS ? 1 : before.failures + 1;
  const earlyFailures = code === 1 && uptimeMs < EARLY_MS ? before.earlyFailures + 1 : 0;
  return { failures, earlyFailures, delayMs: Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1)) };
}

/** The state of something that has never failed. */
export const neverFailed = { failures: 0, earlyFailures: 0 };

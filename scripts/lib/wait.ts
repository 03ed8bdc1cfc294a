import pWaitFor from 'p-wait-for';

/** @returns whether the condition came true in time */
export async function cameTrue(
  condition: () => boolean | Promise<boolean>,
  timeoutMs: number,
  { everyMs = 50, signal }: { everyMs?: number; signal?: AbortSignal | undefined } = {},
): Promise<boolean> {
  const give = async () => ((await condition()) ? pWaitFor.resolveWith(true) : false);
  const timeout = { milliseconds: timeoutMs, fallback: () => false };
  return pWaitFor(give, { interval: everyMs, timeout, ...(signal && { signal }) });
}

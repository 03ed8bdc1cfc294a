/**
 * Waits for something, and not for longer than so long. What is waited for goes on all the same.
 *
 * @param work - is waited for; what it rejects with after the time is up is not told
 * @param ms - milliseconds
 * @param late - is called when the time is up first
 * @returns what the work gives, or what `late` gives
 * @throws what the work rejects with, or what `late` throws
 */
export async function withTimeout<Result, Late>(
  work: Promise<Result>,
  ms: number,
  late: () => Late,
): Promise<Result | Late> {
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms))).then(late);
  try {
    return await Promise.race([work, timeUp]);
  } finally {
    clearTimeout(timer);
  }
}

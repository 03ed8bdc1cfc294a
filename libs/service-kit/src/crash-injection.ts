import { watchCrashPoints, type Logger } from 'saga-core';

/**
 * Has this process die, as by a power failure, where a setting says so.
 *
 * @param crashAt - `<crash point>#<how manieth time it is passed>`, the first time unless said; undefined for none
 */
export function armCrashInjection(crashAt: string | undefined, logger: Logger): void {
  if (crashAt === undefined) return;
  const [point, times = '1'] = crashAt.split('#');
  let left = Number(times);
  logger.warn({ crashAt }, 'this process will be killed on purpose: CRASH_AT is set');
  watchCrashPoints((passed) => {
    if (passed === point && --left === 0) process.kill(process.pid, 'SIGKILL');
  });
}

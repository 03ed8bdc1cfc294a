import { pino } from 'pino';
import type { Logger } from 'saga-core';

/**
 * @param service - stands in every line
 * @param level - lines below it are not written
 * @returns a logger that writes JSON lines to stdout, and lines for people when stdout is a terminal
 */
export async function createLogger(service: string, level: string): Promise<Logger> {
  const options = {
    level,
    base: { service, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  if (!process.stdout.isTTY) return pino(options);
  // Loaded only where it is of use; in the same thread, so that the last lines of a process are seen as well.
  const { default: pretty } = await import('pino-pretty');
  return pino(options, pretty({ sync: true, ignore: 'pid,service', messageFormat: '{service} {msg}' }));
}

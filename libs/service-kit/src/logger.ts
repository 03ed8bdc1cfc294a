import { pino, type DestinationStream } from 'pino';
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
  if (!process.stdout.isTTY) return pino(options, linesTo(process.stdout));
  // Loaded only where it is of use.
  const { prettyFactory } = await import('pino-pretty');
  const pretty = prettyFactory({ ignore: 'pid,service', messageFormat: '{service} {msg}' });
  return pino(options, linesTo(process.stdout, pretty));
}

/**
 * Not pino's own stream: once the reader is gone (`npm start | head`), its flush tries again for ever and blocks the
 * process. Here lines are lost then, and nothing else is. What is written to stdout is written when `write` returns, so
 * the last lines of a process are seen as well.
 */
function linesTo(stdout: NodeJS.WriteStream, format = (line: string) => line): DestinationStream {
  stdout.on('error', () => undefined);
  return { write: (line) => void stdout.write(format(line)) };
}

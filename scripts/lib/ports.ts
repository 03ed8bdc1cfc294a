import getPort from 'get-port';
import pRetry from 'p-retry';
import { endOf } from './log-file.js';

// How RabbitMQ, PostgreSQL and Node say so.
const ADDRESS_IN_USE = /eaddrinuse|address already in use/i;

/** A server could not have a port that was free when it was chosen: another process was faster. */
export class PortTaken extends Error {}

/**
 * A TCP port that nothing listens on, and that this process has not been given before.
 * @param preferred - tried first, then others in steps of ten; without it a random one, below those that the system
 *   hands out to outgoing connections
 */
export function freePort(preferred?: number): Promise<number> {
  const candidate = (attempt: number): number =>
    preferred === undefined ? 20_000 + Math.floor(Math.random() * 12_000) : preferred + attempt * 10;
  const port = Array.from({ length: 500 }, (_, attempt) => candidate(attempt)).filter((number) => number < 65_536);
  return getPort({ port, reserve: true });
}

/** @returns the error for a server that did not start: PortTaken when its log says so */
export function startError(message: string, logFile: string): Error {
  return ADDRESS_IN_USE.test(endOf(logFile)) ? new PortTaken(message) : new Error(message);
}

/** Starts a server, and again when it throws PortTaken: it chooses other ports then. */
export function retryOnPortTaken<Server>(start: () => Promise<Server>): Promise<Server> {
  return pRetry(start, { retries: 5, minTimeout: 0, shouldRetry: ({ error }) => error instanceof PortTaken });
}

import { lastLines } from './log-file.mjs';
import { isFree } from './ports.mjs';

// How RabbitMQ, PostgreSQL and Node say so.
const ADDRESS_IN_USE = /eaddrinuse|address already in use/i;
const ATTEMPTS = 6;

/** A server could not have a port that was free when it was chosen: another process was faster. */
export class PortTaken extends Error {}

/**
 * Whether that is why a process has ended.
 * @param {{ports: number[], logFile: string}} process
 */
export async function hasLostItsPort({ ports, logFile }) {
  if (lastLines(logFile, 200).some((line) => ADDRESS_IN_USE.test(line))) return true;
  return !(await Promise.all(ports.map(isFree))).every(Boolean);
}

/**
 * Starts a server, and again on other ports when it could not have those that were chosen.
 * @template Server
 * @param {() => Promise<Server>} start chooses ports; throws PortTaken when they were lost to another process
 * @returns {Promise<Server>}
 */
export async function untilPortsAreOurs(start) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start();
    } catch (error) {
      if (!(error instanceof PortTaken) || attempt === ATTEMPTS) throw error;
    }
  }
}

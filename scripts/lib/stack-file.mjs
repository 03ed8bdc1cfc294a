import { readJson, writeJsonAtomically } from './atomic-file.mjs';

/**
 * @typedef {{pid: number, operatorToken: string, amqpUrl: string, managementUrl: string | null, databases: Record<string, string>,
 *   services: Record<string, {url: string, pid: number}>, rabbitmq: {how: string, pid: number | null},
 *   postgres: {how: string, url: string, pid: number | null}}} Stack the first pid is that of `npm start`; a server that is not ours has
 *   no pid
 */

/** What `npm start` runs, in a file for other tools, which is rewritten whenever a pid changes. */
export function createStackFile(file) {
  const stack = { pid: process.pid, services: {} };
  const save = () => {
    // Until everything is known there is nothing to tell.
    if (stack.databases !== undefined) writeJsonAtomically(file, stack);
  };
  return {
    describeServers({ rabbitmq, postgres, databases }) {
      stack.amqpUrl = rabbitmq.url;
      stack.managementUrl = rabbitmq.managementUrl ?? null;
      stack.databases = databases;
      stack.rabbitmq = { how: rabbitmq.how, pid: rabbitmq.server?.pid ?? null };
      stack.postgres = { how: postgres.how, url: postgres.url, pid: postgres.server?.pid ?? null };
      save();
    },
    operatorToken(token) {
      stack.operatorToken = token;
      save();
    },
    /** @param {'rabbitmq' | 'postgres'} server */
    serverPid(server, pid) {
      if (stack[server] !== undefined) stack[server].pid = pid;
      save();
    },
    service(name, { url, pid }) {
      stack.services[name] = { url, pid };
      save();
    },
  };
}

/**
 * What runs now, as far as the file tells.
 * @returns {Stack | undefined}
 */
export const readStackFile = readJson;

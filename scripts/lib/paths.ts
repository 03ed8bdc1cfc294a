import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's root folder. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

const local = path.join(root, '.local');

/** Where `npm start` keeps what it makes; git ignores all of it. */
export const startPaths = {
  data: path.join(local, 'data'),
  logs: path.join(local, 'logs'),
  run: path.join(local, 'run'),
  stackFile: path.join(local, 'run/stack.json'),
  operatorToken: path.join(local, 'operator-token.json'),
};

/** RabbitMQ and its Erlang, unpacked from packages where the machine has none. */
export const unpackedRabbitMq = path.join(local, 'rabbitmq/root');

/** Programs that only tests need, taken out of packages. */
export const toolsFolder = path.join(local, 'tools');

/** Holds one folder for each run of `npm test`. */
export const testRuns = path.join(local, 'test');

/** @returns a path as a reader in the root folder would write it */
export function shown(file: string): string {
  return path.relative(root, file) || '.';
}

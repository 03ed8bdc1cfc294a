import path from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** What Node is given before the file of a TypeScript program: what this process was given, and the loader. */
export const NODE_OPTIONS = [...process.execArgv, '--import', import.meta.resolve('tsx')];

/** The program that makes the load. */
export const LOAD_PROGRAM = path.join(folder, 'load.ts');

/** A process of the floor. */
export const FLOOR_PROGRAM = path.join(folder, 'floor/main.ts');

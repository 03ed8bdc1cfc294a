import { randomBytes } from 'node:crypto';
import { readJson, writeJson } from './json-file.js';
import { startPaths } from './paths.js';

/** What `npm start` runs, for other tools. A server that is not ours has no pid. */
export interface Stack {
  /** Of `npm start`. */
  readonly pid: number;
  readonly operatorToken: string;
  readonly amqpUrl: string;
  readonly managementUrl: string | null;
  /** URLs, by name. */
  readonly databases: Readonly<Record<string, string>>;
  readonly services: Readonly<Record<string, { readonly url: string; readonly pid: number }>>;
  readonly rabbitmq: { readonly how: string; readonly pid: number | null };
  readonly postgres: { readonly how: string; readonly url: string; readonly pid: number | null };
}

/** Describes what runs; it is called again whenever a pid changes. */
export const writeStackFile = (stack: Stack): void => writeJson(startPaths.stackFile, stack);

/** @returns what runs now, as far as the file tells */
export const readStackFile = (file = startPaths.stackFile): Stack | undefined => readJson(file);

/**
 * @returns what operators send: OPERATOR_TOKEN, or a token made at random once, and kept where only the owner can read
 *   it
 */
export function operatorTokenOf(file: string, env: NodeJS.ProcessEnv = process.env): string {
  if (env.OPERATOR_TOKEN) return env.OPERATOR_TOKEN;
  const kept = readJson<{ token?: string }>(file)?.token ?? '';
  if (kept.length >= 16) return kept;
  const token = randomBytes(24).toString('base64url');
  writeJson(file, { token });
  return token;
}

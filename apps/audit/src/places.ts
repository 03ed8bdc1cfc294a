/** Where the servers are: as the environment says, or as `npm start` has written it down. */
import { readFileSync } from 'node:fs';
import type { Places } from './audit.js';
import { DATABASE_NAMES } from './databases.js';

/** The part of what `npm start` writes about the stack that it runs that is read here. */
interface Stack {
  readonly databases: Readonly<Record<string, string>>;
  readonly amqpUrl: string;
}

/**
 * @param stackFile - what `npm start` has written
 * @throws when something is known from neither
 */
export function findPlaces(environment: Readonly<NodeJS.ProcessEnv>, stackFile: string): Places {
  // A variable that is set to nothing counts as not set.
  const { DATABASE_URL: databaseUrl = '', DATABASE_SCHEMA: schema = '', AMQP_URL: amqpUrl = '' } = environment;
  const stack = readStack(stackFile);
  const known = <Value>(value: Value | undefined, name: string): Value => {
    if (value === undefined)
      throw new Error(`${name} is not set, and there is no ${stackFile}: npm start does not run`);
    return value;
  };
  return {
    databases:
      databaseUrl === ''
        ? known(stack?.databases, 'DATABASE_URL')
        : Object.fromEntries(DATABASE_NAMES.map((name) => [name, withDatabase(databaseUrl, name)])),
    ...(schema === '' ? {} : { schema }),
    amqpUrls: (amqpUrl === '' ? known(stack?.amqpUrl, 'AMQP_URL') : amqpUrl)
      .split(',')
      .map((url) => url.trim())
      .filter((url) => url !== ''),
  };
}

function readStack(file: string): Stack | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Stack;
  } catch {
    return undefined;
  }
}

/**
 * scheme://authority/path?query#fragment. It is taken apart as text: `postgres://me:secret@/app?host=/run/postgresql`
 * is no URL to `new URL`, but a good one to PostgreSQL.
 */
const POSTGRES_URL = /^(postgres(?:ql)?:\/\/[^/?#]*)(?:\/[^?#]*)?(.*)$/s;

/** @returns the URL of another database on the same server; everything else of the URL stays */
function withDatabase(databaseUrl: string, name: string): string {
  const [, server, rest] = POSTGRES_URL.exec(databaseUrl) ?? [];
  if (server === undefined) throw new Error('DATABASE_URL is not a postgres:// URL');
  return `${server}/${encodeURIComponent(name)}${rest}`;
}

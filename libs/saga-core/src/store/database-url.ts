/** URLs of databases, as people have them. */
import { parseIntoClientConfig } from 'pg-connection-string';
import type pg from 'pg';
import { SagaError } from '../errors.js';

/** What a URL says. */
export interface DatabaseAddress {
  /** Where, as whom and how to connect. */
  readonly config: pg.ClientConfig;
  /** Settings of the session, by their names in lower case. */
  readonly settings: Readonly<Record<string, string>>;
}

const PARTS = /^(postgres(?:ql)?:\/\/)([^/?#]*)(?:\/([^?#]*))?/;
/**
 * Parameters that are settings of the session. They are not sent when connecting: a pooler that finds one there refuses
 * the connection.
 */
const SETTINGS = ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'] as const;
/** `-c name=value` and `--name=value`, with a backslash before what would end the value. */
const OPTION = /(?:^|\s)(?:-c\s*|--)([\w.-]+)=((?:\\.|[^\s\\])*)/g;

/**
 * Reads `postgres://user:password@host:port/database?…`. The host may be missing (then it is PGHOST or localhost), be a
 * folder of sockets, or stand in a parameter, as may the database (`dbname`); names may be percent-encoded. Parameters
 * are those that pg takes, `connect_timeout`, and `options`.
 *
 * @throws {SagaError} INVALID_SETTING when it is none, names no database, or names several hosts, of which pg knows
 *   only one; the message does not repeat the URL
 */
export function parseDatabaseUrl(url: string): DatabaseAddress {
  // A percent sign, or a space, that stands for itself makes the parser misread what is encoded.
  const encoded = url.replace(/%(?![\da-f]{2})/gi, '%25').replaceAll(' ', '%20');
  const [, scheme, authority = '', path = ''] = PARTS.exec(encoded) ?? [];
  if (scheme === undefined) throw new SagaError('INVALID_SETTING', 'This is no URL that begins with postgres://');
  // The parser knows no port without a host.
  const address = authority.replace(/(^|@):/, '$1localhost:');
  const readable = `${scheme}${address}${encoded.slice(scheme.length + authority.length)}`;
  const hosts = authority.slice(authority.lastIndexOf('@') + 1);
  const { dbname, connect_timeout, options, client_encoding: _utf8, ...config } = parsed(readable, hosts);
  const database = decodeURIComponent(path) || dbname;
  if (!database) throw new SagaError('INVALID_SETTING', 'The URL names no database');
  const settings = optionsOf(options ?? process.env.PGOPTIONS ?? '');
  for (const name of SETTINGS) {
    if (config[name] !== undefined) settings[name] = String(config[name]);
    delete config[name];
  }
  return {
    config: {
      ...config,
      database,
      ...(connect_timeout === undefined ? {} : { connectionTimeoutMillis: Number(connect_timeout) * 1_000 }),
    },
    settings,
  };
}

type Parsed = pg.ClientConfig & { dbname?: string; connect_timeout?: string };

function parsed(url: string, hosts: string): Parsed {
  const several = new SagaError('INVALID_SETTING', 'The URL names several hosts: one can be used');
  if (hosts.includes(',')) throw several;
  let config: Parsed;
  try {
    config = parseIntoClientConfig(url);
  } catch {
    throw new SagaError('INVALID_SETTING', 'The URL cannot be read: what is special in a URL is to be percent-encoded');
  }
  if (config.host?.includes(',')) throw several;
  return config;
}

function optionsOf(text: string): Record<string, string> {
  const found = [...text.matchAll(OPTION)].map(([, name = '', value = '']) => [
    name.replaceAll('-', '_').toLowerCase(),
    value.replace(/\\(.)/g, '$1'),
  ]);
  return Object.fromEntries(found) as Record<string, string>;
}

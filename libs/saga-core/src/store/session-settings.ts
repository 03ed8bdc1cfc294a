/**
 * Invariant: what a role or a database sets as its default changes neither what statements mean nor what they give.
 *
 * Not set here is what whoever runs the database may have good reason for: that it only reads, row security, where
 * tables lie, and limits that are stricter.
 */
import pg from 'pg';
import { CONSTANTS } from '../settings.js';

export interface SessionSettings {
  /** The only schema in which anything is created and looked for. */
  readonly schema: string;
  /** What the URL says; it wins. By names in lower case. */
  readonly fromUrl: Readonly<Record<string, string>>;
}

const MEANINGS = {
  client_encoding: 'UTF8',
  datestyle: 'ISO, MDY',
  intervalstyle: 'postgres',
  timezone: 'UTC',
  bytea_output: 'hex',
  extra_float_digits: '1',
  array_nulls: 'on',
  transform_null_equals: 'off',
  standard_conforming_strings: 'on',
  exit_on_error: 'off',
  default_transaction_isolation: 'read committed',
};

/**
 * What the server ends by itself, before the client gives it up: otherwise it would run on, and hold its locks, with
 * nobody to hear its answer.
 */
const LIMITS = {
  statement_timeout: `${CONSTANTS.statementTimeoutMs}ms`,
  idle_in_transaction_session_timeout: `${CONSTANTS.idleInTransactionMs}ms`,
};

/**
 * A connection that was broken while its statement waited for a lock is noticed by the server, which would wait on, and
 * hold all that the transaction has locked. PostgreSQL knows it from version 14 on.
 */
const CHECK_CONNECTION = `select set_config(name, '${CONSTANTS.connectionCheckMs}ms', false) from pg_settings
  where name = 'client_connection_check_interval' and setting = '0'`;

/**
 * What has been committed is told to others at once, so it must not be lost any more. All values but this one see to
 * it.
 */
const LOSES_COMMITS = { synchronous_commit: 'off' };

/**
 * @param scope - how long they hold: `local` is until the transaction ends
 * @returns statements without parameters, for the simple protocol
 */
export function settingStatements({ schema, fromUrl }: SessionSettings, scope: 'session' | 'local'): string {
  const isLocal = scope === 'local';
  const always = { ...MEANINGS, search_path: pg.escapeIdentifier(schema), ...fromUrl };
  const unlessStricter = without(LIMITS, fromUrl);
  const statements = [
    `select set_config(name, value, ${isLocal}) from ${rowsOf(always)}`,
    ...(Object.keys(unlessStricter).length === 0
      ? []
      : [
          `select set_config(name, value, ${isLocal}) from ${rowsOf(unlessStricter)}
             where current_setting(name)::interval not between interval '1 microsecond' and value::interval`,
        ]),
    ...Object.entries(without(LOSES_COMMITS, fromUrl)).map(
      ([name, wrong]) => `select set_config('${name}', 'on', ${isLocal}) where current_setting('${name}') = '${wrong}'`,
    ),
  ];
  if (!isLocal) statements.push(CHECK_CONNECTION);
  return statements.join('; ');
}

const without = (settings: Readonly<Record<string, string>>, others: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(settings).filter(([name]) => !(name in others)));

const rowsOf = (settings: Readonly<Record<string, string>>): string => {
  const rows = Object.entries(settings).map((entry) => `(${entry.map((text) => pg.escapeLiteral(text)).join(', ')})`);
  return `(values ${rows.join(', ')}) as wanted (name, value)`;
};

import { Kysely } from 'kysely';
import pg from 'pg';
import { CONSTANTS, DEFAULTS } from '../settings.js';
import { CheckedClient, type CheckedClientConfig } from './checked-client.js';
import { parseDatabaseUrl } from './database-url.js';
import { PipeliningDialect } from './pipelining-driver.js';
import { settingStatements, type SessionSettings } from './session-settings.js';
import { TransactionPooledClient } from './transaction-pooled-client.js';

export interface DatabaseOptions {
  /** The most connections; 10 unless given. */
  readonly poolSize?: number;
  /** Shown in pg_stat_activity. */
  readonly applicationName?: string;
  /**
   * The schema in which everything is created and looked for; `public` unless given. Kysely's `withSchema` is no way to
   * name it.
   */
  readonly schema?: string;
  /**
   * Set when between here and the server a pooler gives each transaction another session, as PgBouncer does in
   * transaction mode: docs/database.md.
   */
  readonly transactionPooler?: boolean;
}

/** How a database was opened. Kysely does not tell. */
interface Opening {
  readonly pool: pg.Pool;
  readonly config: pg.ClientConfig;
  readonly session: SessionSettings;
  readonly options: DatabaseOptions;
}

const openings = new WeakMap<object, Opening>();

/**
 * Opens a pool of connections; none is made before the first query.
 *
 * @typeParam Db - Kysely's table types
 * @param url - `postgres://user:password@host:port/database`; what pg takes as a parameter of it wins over what is set
 *   here
 * @returns Kysely; end it with `destroy()`
 * @throws {SagaError} INVALID_SETTING for a URL that cannot be used
 */
export function openDatabase<Db>(url: string, options: DatabaseOptions = {}): Kysely<Db> {
  const address = parseDatabaseUrl(url);
  const config: pg.ClientConfig = {
    connectionTimeoutMillis: CONSTANTS.connectTimeoutMs,
    query_timeout: CONSTANTS.queryTimeoutMs,
    keepAlive: true,
    pipeline: true,
    ...(options.applicationName === undefined ? {} : { application_name: options.applicationName }),
    ...address.config,
  };
  return open(config, { schema: options.schema ?? 'public', fromUrl: address.settings }, options);
}

function open<Db>(config: pg.ClientConfig, session: SessionSettings, options: DatabaseOptions): Kysely<Db> {
  const pool = new CheckedPool({
    ...config,
    max: options.poolSize ?? DEFAULTS.poolSize,
    // A connection costs its first users tens of milliseconds, for signing in and for empty caches in the server: once
    // made, it is kept.
    idleTimeoutMillis: 0,
    ...(options.transactionPooler ? transactionPooled(session) : perSession(session)),
  });
  // An idle connection that breaks leaves the pool; the next query opens another.
  pool.on('error', () => undefined);
  const database = new Kysely<Db>({ dialect: new PipeliningDialect({ pool }) });
  openings.set(database, { pool, config, session, options });
  return database;
}

/** Once for each connection. It is no parameter of connecting, for poolers refuse what they do not know there. */
function perSession(session: SessionSettings): pg.PoolConfig {
  const text = settingStatements(session, 'session');
  const more: CheckedClientConfig = { localSettings: settingStatements(session, 'local') };
  return {
    ...more,
    Client: CheckedClient,
    // The pool waits for what this gives.
    onConnect: (client) => client.query({ text, query_timeout: CONSTANTS.connectTimeoutMs } as pg.QueryConfig) as never,
  };
}

function transactionPooled(session: SessionSettings): pg.PoolConfig {
  const more: CheckedClientConfig & { localSettings: string } = { localSettings: settingStatements(session, 'local') };
  return { Client: TransactionPooledClient as unknown as typeof CheckedClient, ...more };
}

/** A pool that takes back no client whose connection was broken on purpose. */
class CheckedPool extends pg.Pool {
  override async connect(): Promise<never> {
    const client = await super.connect();
    const release = client.release.bind(client);
    client.release = (error) => {
      release(error ?? (client as unknown as CheckedClient).isAbandoned);
    };
    return client as never;
  }
}

function openingOf<Db>(database: Kysely<Db>): Opening {
  const opening = openings.get(database);
  if (!opening) throw new TypeError('Open the database with openDatabase: the pool of another is not known');
  return opening;
}

/** How many connections a pool has, and how much waits for one. */
export type PoolCounts = Pick<pg.Pool, 'totalCount' | 'idleCount' | 'waitingCount'>;

/**
 * @returns the live counts of the pool of a database that {@link openDatabase} opened.
 * @throws {TypeError} for another
 */
export function poolOf<Db>(database: Kysely<Db>): PoolCounts {
  return openingOf(database).pool;
}

/**
 * @returns the schema in which everything is, and whether it was named when {@link openDatabase} opened the database;
 *   null for one that was opened otherwise
 */
export function schemaOf<Db>(database: Kysely<Db>): { readonly schema: string; readonly isNamed: boolean } | null {
  const opening = openings.get(database);
  return opening ? { schema: opening.session.schema, isNamed: opening.options.schema !== undefined } : null;
}

/** @returns the search_path that the URL asks for, which goes before the schema; undefined unless it does */
export const searchPathOf = <Db>(database: Kysely<Db>): string | undefined =>
  openings.get(database)?.session.fromUrl.search_path;

/** A client whose results have their types, which a {@link CheckedClient}'s have not. */
export type SingleClient = pg.Client & Pick<CheckedClient, 'abandon'>;

/**
 * A connection beside the pool, signed in as those of the pool are. Connect it, and end it.
 *
 * @param limits - what differs
 * @throws {TypeError} for a database that {@link openDatabase} did not open
 */
export function clientBesidePool<Db>(database: Kysely<Db>, limits: pg.ClientConfig): SingleClient {
  return new CheckedClient({ ...openingOf(database).config, ...limits, prepared: false });
}

/**
 * The same database with one connection of its own, whose statements the client never gives up.
 *
 * @param signal - breaks the connection
 * @returns null for a database that {@link openDatabase} did not open
 */
export function openWithoutTimeout<Db>(database: Kysely<Db>, signal?: AbortSignal): Kysely<Db> | null {
  const opening = openings.get(database);
  if (!opening) return null;
  const { query_timeout: _none, ...config } = opening.config;
  const own = open<Db>(config, opening.session, { ...opening.options, poolSize: 1 });
  const { pool } = openingOf(own);
  pool.on('connect', (client) => {
    const abandon = (): void => (client as unknown as CheckedClient).abandon();
    signal?.addEventListener('abort', abandon, { once: true });
    client.once('end', () => signal?.removeEventListener('abort', abandon));
  });
  return own;
}

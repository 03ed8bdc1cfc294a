import { Socket } from 'node:net';
import { Kysely } from 'kysely';
import pg from 'pg';
import { corkWrites } from '../cork-writes.js';
import { CheckedClient } from './checked-client.js';
import { isDuplicateDatabase, isMissingDatabase } from './database-errors.js';
import { PipeliningDialect } from './pipelining-driver.js';

export interface DatabaseOptions {
  /** The most connections; 10 unless given. */
  readonly poolSize?: number;
  /** Shown in pg_stat_activity. */
  readonly applicationName?: string;
}

const CONNECT_TIMEOUT_MS = 5_000;
/** A black hole between here and the server is noticed after this long. */
const QUERY_TIMEOUT_MS = 20_000;
/**
 * The server ends a session that leaves its transaction open for this long: its process was stopped, or its machine is gone without a word, and its locks
 * would keep all others from the same sagas until TCP gives up, in hours. A handler that does nothing in the database for as long must do so before it begins.
 */
const IDLE_IN_TRANSACTION_MS = 10_000;

/**
 * Opens a pool of connections; none is made before the first query.
 *
 * @typeParam Db - Kysely's table types
 * @param url - `postgres://user:password@host:port/database`; what pg takes as a parameter of it wins over what is set here
 * @returns Kysely; end it with `destroy()`
 */
export function openDatabase<Db>(url: string, options: DatabaseOptions = {}): Kysely<Db> {
  const config: pg.ClientConfig = {
    connectionString: url,
    ...(options.applicationName === undefined ? {} : { application_name: options.applicationName }),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    keepAlive: true,
  };
  const pool = new pg.Pool({
    ...config,
    max: options.poolSize ?? 10,
    // A connection costs its first users tens of milliseconds, for signing in and for empty caches in the server: once made, it is kept.
    idleTimeoutMillis: 0,
    pipeline: true,
    stream: corkedSocket,
    Client: CheckedClient,
  });
  // An idle connection that breaks leaves the pool; the next query opens another.
  pool.on('error', () => undefined);
  const database = new Kysely<Db>({ dialect: new PipeliningDialect({ pool }) });
  opened.set(database, { pool, config });
  return database;
}

/** Kysely does not tell its pool. */
const opened = new WeakMap<object, { pool: pg.Pool; config: pg.ClientConfig }>();

function openedAs<Db>(database: Kysely<Db>): { pool: pg.Pool; config: pg.ClientConfig } {
  const found = opened.get(database);
  if (!found) throw new TypeError('Open the database with openDatabase: the pool of another is not known');
  return found;
}

/** How many connections a pool has, and how much waits for one. */
export type PoolCounts = Pick<pg.Pool, 'totalCount' | 'idleCount' | 'waitingCount'>;

/** @returns the live counts of the pool of a database that {@link openDatabase} opened. @throws {TypeError} for another */
export function poolOf<Db>(database: Kysely<Db>): PoolCounts {
  return openedAs(database).pool;
}

/** A client whose results have their types, which a {@link CheckedClient}'s have not. */
export type SingleClient = pg.Client & Pick<CheckedClient, 'abandon'>;

/**
 * A connection beside the pool, signed in as those of the pool are. Connect it, and end it.
 *
 * @param limits - what differs
 * @throws {TypeError} for a database that {@link openDatabase} did not open
 */
export function clientBesidePool<Db>(database: Kysely<Db>, limits: pg.ClientConfig): SingleClient {
  return new CheckedClient({ ...openedAs(database).config, ...limits });
}

function corkedSocket(): Socket {
  const socket = new Socket();
  // Not before: to connect gives a socket its own write method back.
  socket.once('connect', () => corkWrites(socket));
  return socket;
}

/**
 * Creates the database that a URL names when it is missing. Two processes may do so at once.
 *
 * @throws what pg throws when the server is out of reach or the user may not create databases
 */
export async function ensureDatabase(url: string): Promise<void> {
  try {
    await withClient(url, (client) => client.query('select 1'));
  } catch (error) {
    if (!isMissingDatabase(error)) throw error;
    await createDatabase(url);
  }
}

async function createDatabase(url: string): Promise<void> {
  const maintenance = new URL(url);
  const name = decodeURIComponent(maintenance.pathname.slice(1));
  maintenance.pathname = '/postgres';
  try {
    await withClient(maintenance.href, (client) => client.query(`create database ${pg.escapeIdentifier(name)}`));
  } catch (error) {
    if (!isDuplicateDatabase(error)) throw error;
  }
}

async function withClient(url: string, work: (client: CheckedClient) => Promise<unknown>): Promise<void> {
  const client = new CheckedClient({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  try {
    await client.connect();
    await work(client);
  } finally {
    await client.end();
  }
}

/** "The database is away" is concluded from the library's own statements, and confirmed here. */
import { sql, type Kysely } from 'kysely';
import pg from 'pg';
import { CONSTANTS } from '../settings.js';
import { withTimeout } from '../util/with-timeout.js';
import { clientBesidePool, schemaOf, searchPathOf, type SingleClient } from './open-database.js';

/** The server has no connection left, or none for this role: it may well answer those that it has. */
const TOO_MANY_CONNECTIONS = '53300';

/** A server that only reads, as a standby does, answers nothing that is of use here. */
const IS_WRITABLE = "select current_setting('transaction_read_only') = 'off' as writable";

/**
 * Asks the database with a statement of its own, on a connection of its own: the pool may be exhausted, or its
 * connections broken. Only where the server gives no further connection, the pool is asked.
 *
 * @param table - one that must be there, with the rights to read and write it; none unless given
 * @returns whether it answered, and takes writes, within `CONSTANTS.databaseProbeTimeoutMs`; it never throws for what
 *   is wrong with the database
 * @throws {TypeError} for a database that `openDatabase` did not open
 */
export async function databaseAnswers<Db>(database: Kysely<Db>, table?: string): Promise<boolean> {
  const asking = question(database, table);
  const client = clientBesidePool(database, { connectionTimeoutMillis: CONSTANTS.databaseProbeTimeoutMs });
  const asked = askFresh(client, asking, searchPathOf(database)).catch(
    (error: { code?: unknown }) => error.code === TOO_MANY_CONNECTIONS && askPool(database, asking),
  );
  try {
    return await withTimeout(asked, CONSTANTS.databaseProbeTimeoutMs, () => false);
  } catch {
    return false;
  } finally {
    client.abandon();
  }
}

/** @returns a statement that fails where the table is missing */
function question<Db>(database: Kysely<Db>, table?: string): string {
  if (table === undefined) return IS_WRITABLE;
  // Where the URL asks for a search_path, it says where the table is.
  const path = searchPathOf(database);
  const schema = path === undefined ? `${pg.escapeIdentifier(schemaOf(database)?.schema ?? 'public')}.` : '';
  const name = pg.escapeLiteral(`${schema}${table}`);
  const rights = ['select', 'insert', 'update'].map((right) => `has_table_privilege(${name}, '${right}')`);
  return `select current_setting('transaction_read_only') = 'off' and ${rights.join(' and ')} as writable`;
}

async function askFresh(client: SingleClient, asking: string, path?: string): Promise<boolean> {
  await client.connect();
  if (path !== undefined) await client.query(`select set_config('search_path', ${pg.escapeLiteral(path)}, false)`);
  const { rows } = await client.query<{ writable: boolean }>(asking);
  await client.end();
  return rows[0]!.writable;
}

async function askPool<Db>(database: Kysely<Db>, asking: string): Promise<boolean> {
  const { rows } = await sql<{ writable: boolean }>`${sql.raw(asking)}`.execute(database);
  return rows[0]!.writable;
}

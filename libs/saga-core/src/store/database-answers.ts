/** "The database is away" is concluded from the library's own statements, and confirmed here. */
import { sql, type Kysely } from 'kysely';
import { DEFAULTS } from '../settings.js';
import { clientBesidePool, type SingleClient } from './open-database.js';

/** The server has no connection left, or none for this role: it may well answer those that it has. */
const TOO_MANY_CONNECTIONS = '53300';

/** A server that only reads, as a standby does, answers nothing that is of use here. */
const IS_WRITABLE = "select current_setting('transaction_read_only') = 'off' as writable";

/**
 * Asks the database with a statement of its own, on a connection of its own: the pool may be exhausted, or its connections broken. Only where the server
 * gives no further connection, the pool is asked.
 *
 * @returns whether it answered, and takes writes, within `DEFAULTS.databaseAnswersMs`; it never throws for what is wrong with the database
 * @throws {TypeError} for a database that `openDatabase` did not open
 */
export async function databaseAnswers<Db>(database: Kysely<Db>): Promise<boolean> {
  const client = clientBesidePool(database, { connectionTimeoutMillis: DEFAULTS.databaseAnswersMs });
  const asked = askFresh(client).catch(
    (error: { code?: unknown }) => error.code === TOO_MANY_CONNECTIONS && askPool(database),
  );
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, DEFAULTS.databaseAnswersMs, false);
  });
  try {
    return await Promise.race([asked, tooLate]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
    client.abandon();
  }
}

async function askFresh(client: SingleClient): Promise<boolean> {
  await client.connect();
  const { rows } = await client.query<{ writable: boolean }>(IS_WRITABLE);
  await client.end();
  return rows[0]!.writable;
}

async function askPool<Db>(database: Kysely<Db>): Promise<boolean> {
  const { rows } = await sql<{ writable: boolean }>`${sql.raw(IS_WRITABLE)}`.execute(database);
  return rows[0]!.writable;
}

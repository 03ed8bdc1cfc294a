/**
 * A database of its own for each test file, on the real server that TEST_DATABASE_URL names; its name begins with
 * TEST_DATABASE_PREFIX.
 */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { ensureDatabase } from 'saga-core';

export interface TestDatabase {
  /** For whatever opens connections of its own; they must be closed before `drop`. */
  readonly url: string;
  /**
   * Drops the database.
   * @throws when sessions are still open, naming them: a test that leaves one open has a leak, or so has the code under
   *   test
   */
  drop(): Promise<void>;
}

/**
 * Creates an empty database.
 *
 * @param purpose - part of its name: lower case letters, digits and `_`
 * @throws when TEST_DATABASE_URL is not set or its server cannot be reached
 */
export async function createTestDatabase(purpose: string): Promise<TestDatabase> {
  const serverUrl = process.env.TEST_DATABASE_URL;
  if (!serverUrl)
    throw new Error(
      'TEST_DATABASE_URL is not set: it names any database of a PostgreSQL server on which tests may create their own',
    );
  const prefix = process.env.TEST_DATABASE_PREFIX ?? 'test_';
  const name = `${prefix}${purpose}_${randomUUID().slice(0, 8)}`;
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  await ensureDatabase(url.href);
  return { url: url.href, drop: () => withServer(serverUrl, (server) => drop(server, name)) };
}

async function withServer(url: string, work: (server: pg.Client) => Promise<void>): Promise<void> {
  const server = new pg.Client(url);
  try {
    await server.connect();
    await work(server);
  } finally {
    await server.end();
  }
}

const OBJECT_IN_USE = '55006';

async function drop(server: pg.Client, name: string): Promise<void> {
  const database = pg.escapeIdentifier(name);
  try {
    // PostgreSQL itself waits some seconds for sessions that are about to end.
    await server.query(`drop database ${database}`);
  } catch (error) {
    if ((error as { code?: unknown }).code !== OBJECT_IN_USE) throw error;
    const { rows } = await server.query<{ session: string }>(
      "select concat_ws(' ', nullif(application_name, ''), state, left(query, 80)) as session from pg_stat_activity where datname = $1",
      [name],
    );
    await server.query(`drop database ${database} with (force)`);
    throw new Error(`${name} still had open sessions: ${rows.map(({ session }) => session).join('; ')}`, {
      cause: error,
    });
  }
}

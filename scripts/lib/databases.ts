import pg from 'pg';
import { withDatabase } from './urls.js';

async function withClient<Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined); // the server may end the session; the next query tells
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** @returns where the server that answers keeps its data; undefined when none answers */
export function dataDirectoryOf(url: string): Promise<string | undefined> {
  type Row = { data_directory: string };
  return withClient(
    url,
    async (client) => (await client.query<Row>('SHOW data_directory')).rows[0]?.data_directory,
  ).catch(() => undefined);
}

/** @returns a URL on the same server whose database exists: the given one, or else one that every server has */
export async function usableUrl(url: string): Promise<string> {
  try {
    await withClient(url, () => Promise.resolve());
    return url;
  } catch (error) {
    const other = withDatabase(url, 'postgres');
    const hasNoDatabase = (error as pg.DatabaseError).code === '3D000';
    if (!hasNoDatabase || other === url) throw error;
    return usableUrl(other);
  }
}

/** Makes the databases that do not exist yet; with `fresh` all of them anew. `serverUrl` names any of the server's. */
export async function ensureDatabases(
  serverUrl: string,
  names: readonly string[],
  { fresh = false } = {},
): Promise<void> {
  await withClient(serverUrl, async (client) => {
    for (const name of names) {
      const quoted = client.escapeIdentifier(name);
      if (fresh) await client.query(`DROP DATABASE IF EXISTS ${quoted} WITH (FORCE)`);
      const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
      if (rowCount === 0) await client.query(`CREATE DATABASE ${quoted}`);
    }
  });
}

/** Drops every database whose name begins with the prefix. */
export async function dropDatabases(serverUrl: string, prefix: string): Promise<void> {
  await withClient(serverUrl, async (client) => {
    const query = 'SELECT datname FROM pg_database WHERE starts_with(datname, $1)';
    for (const { datname } of (await client.query<{ datname: string }>(query, [prefix])).rows)
      await client.query(`DROP DATABASE IF EXISTS ${client.escapeIdentifier(datname)} WITH (FORCE)`);
  });
}

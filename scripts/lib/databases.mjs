import { withDatabase } from './urls.mjs';

/** Loaded when needed: until `npm ci` has run there is no such package. */
async function connect(url) {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => {}); // the server may end the session; the next query tells
  try {
    await client.connect();
  } catch (error) {
    await client.end().catch(() => {});
    throw error;
  }
  return client;
}

async function withClient(url, work) {
  const client = await connect(url);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Where the server that answers keeps its data; undefined when none answers. */
export async function dataDirectoryOf(url) {
  const ask = async (client) => (await client.query('SHOW data_directory')).rows[0].data_directory;
  return withClient(url, ask).catch(() => undefined);
}

/** A URL on the same server whose database exists: the given one, or else one that every server has. */
export async function usableUrl(url) {
  try {
    await withClient(url, () => undefined);
    return url;
  } catch (error) {
    const other = withDatabase(url, 'postgres');
    if (error.code !== '3D000' || other === url) throw error; // anything but "there is no such database"
    return usableUrl(other);
  }
}

/**
 * Makes the databases that do not exist yet; with `fresh` all of them anew.
 * @param {string} serverUrl any database of the server
 * @param {string[]} names
 */
export async function ensureDatabases(serverUrl, names, { fresh = false } = {}) {
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
export async function dropDatabases(serverUrl, prefix) {
  await withClient(serverUrl, async (client) => {
    const { rows } = await client.query('SELECT datname FROM pg_database WHERE starts_with(datname, $1)', [prefix]);
    for (const { datname } of rows) {
      await client.query(`DROP DATABASE IF EXISTS ${client.escapeIdentifier(datname)} WITH (FORCE)`);
    }
  });
}

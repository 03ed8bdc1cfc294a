import pg from 'pg';

const NAMES = {
  orders: 'order_service',
  consumers: 'consumer_service',
  restaurants: 'restaurant_service',
  accounting: 'accounting_service',
};

/** @typedef {Record<keyof typeof NAMES, pg.Client>} Databases */

/**
 * Opens a session to each database for as long as the work takes.
 * @template Result
 * @param {Record<string, string>} urls by the databases' names
 * @param {(databases: Databases) => Promise<Result>} work
 * @returns {Promise<Result>}
 */
export async function withDatabases(urls, work) {
  const clients = {};
  try {
    for (const [role, name] of Object.entries(NAMES)) {
      if (urls[name] === undefined) throw new Error(`no URL of the database ${name} is known`);
      const client = new pg.Client({
        connectionString: urls[name],
        connectionTimeoutMillis: 5_000,
        application_name: 'audit',
      });
      client.on('error', () => {}); // the server may end the session; the next query tells
      clients[role] = client;
      await client.connect();
    }
    return await work(clients);
  } finally {
    await Promise.all(Object.values(clients).map((client) => client.end().catch(() => {})));
  }
}

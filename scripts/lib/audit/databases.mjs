import pg from 'pg';

const NAMES = {
  orders: 'order_service',
  consumers: 'consumer_service',
  restaurants: 'restaurant_service',
  accounting: 'accounting_service',
};

/**
 * What the audit depends on, whatever the role or the database has set: made for one transaction, in which the audit does all that it does, so that a pooler which
 * gives each transaction another session leaves it this one. It idles while other servers are asked, and nothing waits for it.
 */
const SETTINGS = {
  client_encoding: 'UTF8',
  datestyle: 'ISO, MDY',
  intervalstyle: 'postgres',
  timezone: 'UTC',
  idle_in_transaction_session_timeout: '0',
};

/** @typedef {Record<keyof typeof NAMES, pg.Client>} Databases */

/**
 * Opens a session to each database for as long as the work takes.
 * @template Result
 * @param {Record<string, string>} urls by the databases' names
 * @param {string} schema in which the tables are
 * @param {(databases: Databases) => Promise<Result>} work
 * @returns {Promise<Result>}
 */
export async function withDatabases(urls, schema, work) {
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
      await begin(client, schema);
    }
    return await work(clients);
  } finally {
    await Promise.all(Object.values(clients).map((client) => client.end().catch(() => {})));
  }
}

async function begin(client, schema) {
  const settings = Object.entries({ ...SETTINGS, search_path: client.escapeIdentifier(schema) });
  const local = settings.map(([name, value]) => `set_config('${name}', ${client.escapeLiteral(value)}, true)`);
  await client.query(`begin isolation level read committed read only; select ${local.join(', ')}`);
}

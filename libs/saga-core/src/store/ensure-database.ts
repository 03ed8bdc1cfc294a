import pg from 'pg';
import { CONSTANTS } from '../settings.js';
import { CheckedClient } from './checked-client.js';
import { isDuplicateDatabase, isMissingDatabase } from './database-errors.js';
import { parseDatabaseUrl } from './database-url.js';

/**
 * Creates the database that a URL names when it is missing. Two processes may do so at once.
 *
 * @throws what pg throws when the server is out of reach or the user may not create databases; {SagaError}
 *   INVALID_SETTING for a URL that cannot be used
 */
export async function ensureDatabase(url: string): Promise<void> {
  const { config } = parseDatabaseUrl(url);
  try {
    await withClient(config, (client) => client.query('select 1'));
  } catch (error) {
    if (!isMissingDatabase(error)) throw error;
    await createDatabase(config);
  }
}

async function createDatabase(config: pg.ClientConfig): Promise<void> {
  const name = pg.escapeIdentifier(config.database!);
  try {
    await withClient({ ...config, database: 'postgres' }, (client) => client.query(`create database ${name}`));
  } catch (error) {
    if (!isDuplicateDatabase(error)) throw error;
  }
}

async function withClient(config: pg.ClientConfig, work: (client: CheckedClient) => Promise<unknown>): Promise<void> {
  const client = new CheckedClient({ connectionTimeoutMillis: CONSTANTS.connectTimeoutMs, ...config });
  try {
    await client.connect();
    await work(client);
  } finally {
    await client.end();
  }
}

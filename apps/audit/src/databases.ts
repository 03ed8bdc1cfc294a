import type { AccountingDatabase } from 'accounting-service';
import type { ConsumerDatabase } from 'consumer-service';
import { Kysely, PostgresDialect } from 'kysely';
import { accountingService, consumerService, restaurantService } from 'messages';
import type { OrderDatabase } from 'order-service';
import pg from 'pg';
import type { RestaurantDatabase } from 'restaurant-service';

/** The part of saga-core's tables that is read beside an order. */
interface SagaTables {
  saga_instance: { saga_id: string; status: string };
}

/** A session with each database. */
export interface Databases {
  readonly orders: Kysely<OrderDatabase & SagaTables>;
  readonly consumers: Kysely<ConsumerDatabase>;
  readonly restaurants: Kysely<RestaurantDatabase>;
  readonly accounting: Kysely<AccountingDatabase>;
}

const NAMES = {
  orders: 'order_service',
  consumers: consumerService.name,
  restaurants: restaurantService.name,
  accounting: accountingService.name,
} satisfies Record<keyof Databases, string>;

/** The names of the databases, which are those of the services. */
export const DATABASE_NAMES: readonly string[] = Object.values(NAMES);

/** By the databases' names, `order_service` and so on. */
export type DatabaseUrls = Readonly<Record<string, string>>;

/**
 * What the audit depends on, whatever the role or the database has set. It is set for one transaction, in which the
 * audit does all that it does, so that a pooler that gives each transaction another session leaves it this one. The
 * transaction idles while other servers are asked, and nothing waits for it.
 */
const SETTINGS = {
  client_encoding: 'UTF8',
  datestyle: 'ISO, MDY',
  intervalstyle: 'postgres',
  timezone: 'UTC',
  idle_in_transaction_session_timeout: '0',
};

/**
 * Opens a session with each database for as long as the work takes.
 *
 * @param schema - in which the tables are
 * @throws what `work` throws, and what pg throws when a database is out of reach
 */
export async function withDatabases<Result>(
  urls: DatabaseUrls,
  schema: string,
  work: (databases: Databases) => Promise<Result>,
): Promise<Result> {
  const clients: pg.Client[] = [];
  const open = async <Tables>(name: string): Promise<Kysely<Tables>> => {
    const connectionString = urls[name];
    if (connectionString === undefined) throw new Error(`no URL of the database ${name} is known`);
    const client = new pg.Client({ connectionString, connectionTimeoutMillis: 5_000, application_name: 'audit' });
    client.on('error', () => undefined); // the server may end the session; the next query tells
    clients.push(client);
    await client.connect();
    await begin(client, schema);
    return kyselyOf(client);
  };
  try {
    return await work({
      orders: await open(NAMES.orders),
      consumers: await open(NAMES.consumers),
      restaurants: await open(NAMES.restaurants),
      accounting: await open(NAMES.accounting),
    });
  } finally {
    await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
  }
}

async function begin(client: pg.Client, schema: string): Promise<void> {
  const settings = Object.entries({ ...SETTINGS, search_path: client.escapeIdentifier(schema) });
  const local = settings.map(([name, value]) => `set_config('${name}', ${client.escapeLiteral(value)}, true)`);
  await client.query(`begin isolation level read committed read only; select ${local.join(', ')}`);
}

/** Kysely takes its connections from a pool: this one has just the client, whose transaction is open. */
function kyselyOf<Tables>(client: pg.Client): Kysely<Tables> {
  const only = Object.assign(client, { release: () => undefined });
  const pool = { connect: () => Promise.resolve(only), end: () => client.end() };
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
}

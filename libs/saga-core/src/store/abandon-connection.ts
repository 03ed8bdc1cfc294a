/** Ends a transaction at once, whatever it waits for: its connection is broken, and the pool makes another. */
import { CompiledQuery, type DatabaseConnection, type Transaction } from 'kysely';

/** A client that can be broken. */
interface Breakable {
  abandon(): void;
}

/** A statement that never reaches the server: a client answers it with itself, for Kysely does not tell its client. */
export const IDENTIFY = '-- identify';

/** @returns the answer to {@link IDENTIFY} */
export const identityOf = (client: Breakable): { command: string; rows: Breakable[] } => ({
  command: 'SELECT',
  rows: [client],
});

const clients = new WeakMap<DatabaseConnection, Breakable>();

/** Learns which client a connection uses. */
export async function identifyConnection(connection: DatabaseConnection): Promise<void> {
  if (clients.has(connection)) return;
  const { rows } = await connection.executeQuery<Breakable>(CompiledQuery.raw(IDENTIFY));
  if (rows[0]) clients.set(connection, rows[0]);
}

/**
 * @returns a function that breaks the transaction's connection at once: the statement that runs on it fails, and so does
 *   each one that comes later, also from a handler that nobody waits for any more
 */
export async function abandonerOf<Db>(tx: Transaction<Db>): Promise<() => void> {
  const client = await tx.getExecutor().provideConnection((connection) => Promise.resolve(clients.get(connection)));
  return () => client?.abandon();
}

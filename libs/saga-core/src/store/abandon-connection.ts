/** Ends a transaction at once, whatever it waits for: its connection is broken, and the pool makes another. */
import { CompiledQuery, type DatabaseConnection, type Transaction } from 'kysely';

/** A client that can be broken, and knows what is done to its transaction. */
interface Breakable {
  abandon(): void;
  /** Undoes what a handler has set for the rest of the transaction, if it has set anything. */
  resetSession(): Promise<void>;
  /** Runs work whose statements may end the transaction: those of handlers may not. */
  ending<Result>(work: () => Result): Result;
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

/** Runs what ends the transaction of a connection. Its statement must be sent before it returns. */
export function ending<Result>(connection: DatabaseConnection, work: () => Result): Result {
  const client = clients.get(connection);
  return client ? client.ending(work) : work();
}

/**
 * @returns a function that undoes what a handler has set for the rest of the transaction, so that what comes next in it
 *   means what it says; it costs nothing where nothing was set
 */
export async function sessionResetterOf<Db>(tx: Transaction<Db>): Promise<() => Promise<void>> {
  const client = await tx.getExecutor().provideConnection((connection) => Promise.resolve(clients.get(connection)));
  return async () => client?.resetSession();
}

/**
 * @returns a function that breaks the transaction's connection at once: the statement that runs on it fails, and so
 *   does each one that comes later, also from a handler that nobody waits for any more
 */
export async function abandonerOf<Db>(tx: Transaction<Db>): Promise<() => void> {
  const client = await tx.getExecutor().provideConnection((connection) => Promise.resolve(clients.get(connection)));
  return () => client?.abandon();
}

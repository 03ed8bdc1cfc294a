/**
 * Fewer round trips: BEGIN travels with the first statement of a transaction, and COMMIT with the last where the last
 * is known to be it. PostgreSQL answers in order, and after an error it answers COMMIT with ROLLBACK; so nothing is
 * taken for committed that is not.
 */
import {
  CompiledQuery,
  PostgresDialect,
  PostgresDriver,
  type DatabaseConnection,
  type Driver,
  type PostgresDialectConfig,
  type Transaction,
  type TransactionSettings,
} from 'kysely';
import { ending, identifyConnection } from './abandon-connection.js';

/** Connections whose transaction was ended by {@link executeLast}. */
const ended = new WeakSet<DatabaseConnection>();

class PipeliningDriver extends PostgresDriver {
  override async acquireConnection(): Promise<DatabaseConnection> {
    const connection = await super.acquireConnection();
    await identifyConnection(connection);
    return connection;
  }

  override beginTransaction(connection: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    // It fails only with its connection, and then what follows fails too.
    super.beginTransaction(connection, settings).catch(() => undefined);
    return Promise.resolve();
  }

  override async commitTransaction(connection: DatabaseConnection): Promise<void> {
    if (!ended.delete(connection)) await ending(connection, () => super.commitTransaction(connection));
  }

  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (!ended.delete(connection)) await ending(connection, () => super.rollbackTransaction(connection));
  }
}

/** Kysely's dialect for PostgreSQL; the pool's clients must be made with `pipeline: true`. */
export class PipeliningDialect extends PostgresDialect {
  private readonly config: PostgresDialectConfig;

  constructor(config: PostgresDialectConfig) {
    super(config);
    this.config = config;
  }

  override createDriver(): Driver {
    return new PipeliningDriver(this.config);
  }
}

/**
 * Executes the last statement of a transaction and commits, in one round trip. Nothing may follow in this transaction.
 *
 * @returns the statement's rows, once the commit is known to have happened
 * @throws what the statement threw, and then nothing was committed; or what COMMIT threw
 */
export function executeLast<Row, Db>(
  tx: Transaction<Db>,
  statement: { compile(executor: Transaction<Db>): CompiledQuery<Row> },
): Promise<Row[]> {
  const compiled = statement.compile(tx);
  return tx.getExecutor().provideConnection(async (connection) => {
    ended.add(connection);
    const [executed, committed] = await Promise.allSettled(
      ending(
        connection,
        () => [connection.executeQuery<Row>(compiled), connection.executeQuery(CompiledQuery.raw('commit'))] as const,
      ),
    );
    if (executed.status === 'rejected') throw executed.reason;
    if (committed.status === 'rejected') throw committed.reason;
    return executed.value.rows;
  });
}

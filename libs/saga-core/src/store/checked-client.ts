/** Invariant: a COMMIT that answers ROLLBACK is a failure. PostgreSQL answers so, without an error, when the transaction was broken before. */
import pg from 'pg';
import { SagaError } from '../errors.js';

type QueryArguments = [text: unknown, values?: unknown, callback?: unknown];

/** A pg client that checks commits, and never serves again after a read timed out (its answer may still come). */
export class CheckedClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    // A session that the server ends while nobody waits for it must not take the process down; the next query reports it.
    this.on('error', () => undefined);
  }

  override query(...args: unknown[]): never {
    const outcome = (super.query as (...args: QueryArguments) => unknown).apply(this, args as QueryArguments);
    if (!(outcome instanceof Promise)) return outcome as never;
    return this.checked(args[0], outcome as Promise<pg.QueryResult>) as never;
  }

  private async checked(text: unknown, outcome: Promise<pg.QueryResult>): Promise<pg.QueryResult> {
    try {
      const result = await outcome;
      if (text === 'commit' && result.command !== 'COMMIT')
        throw new SagaError('COMMIT_ROLLED_BACK', 'COMMIT answered ROLLBACK: the transaction had failed before');
      return result;
    } catch (error) {
      if (error instanceof Error && error.message === 'Query read timeout') {
        const { connection } = this as unknown as { connection: { stream: { destroy(): void } } };
        connection.stream.destroy();
      }
      throw error;
    }
  }
}

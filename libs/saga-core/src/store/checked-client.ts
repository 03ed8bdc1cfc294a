/** Invariant: a COMMIT that answers ROLLBACK is a failure. PostgreSQL answers so, without an error, when the transaction was broken before. */
import pg from 'pg';
import { SagaError } from '../errors.js';
import { isUnavailable } from './database-errors.js';

/** Distinct statements that are prepared on a connection; beyond that, texts vary with their input and would fill the server's memory. */
const MOST_PREPARED = 200;
const names = new Map<string, string>();

/**
 * A pg client for the pool. It checks commits; it prepares statements that have parameters, so that each connection parses and plans them once; and it
 * never serves again after a read timed out (the answer may still come), a prepared statement went stale (a migration changed its tables), or its server
 * turned out to be read-only (another has taken over, and only a new connection gets there).
 */
export class CheckedClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    // A session that the server ends while nobody waits for it must not take the process down; the next query reports it.
    this.on('error', () => undefined);
  }

  override query(...args: unknown[]): never {
    const [text, values] = args;
    const prepared = args.length === 2 && typeof text === 'string' && Array.isArray(values) && values.length > 0;
    const given = prepared ? [preparedQuery(text, values)] : args;
    const outcome = (super.query as (...args: unknown[]) => unknown).apply(this, given);
    if (!(outcome instanceof Promise)) return outcome as never;
    return this.checked(text, outcome as Promise<pg.QueryResult>) as never;
  }

  private async checked(text: unknown, outcome: Promise<pg.QueryResult>): Promise<pg.QueryResult> {
    try {
      const result = await outcome;
      if (text === 'commit' && result.command !== 'COMMIT')
        throw new SagaError('COMMIT_ROLLED_BACK', 'COMMIT answered ROLLBACK: the transaction had failed before');
      return result;
    } catch (error) {
      if (isOfNoUse(error)) this.abandon();
      // The server has rolled back what was begun on a connection that is gone: what is to be reported is the error that came before.
      if (text === 'rollback' && isUnavailable(error)) return NOTHING;
      throw error;
    }
  }

  /** Breaks the connection, so that the pool makes another and whatever waits on this one fails. */
  abandon(): void {
    const client = this as unknown as { _queryable: boolean; connection: { stream: { destroy(): void } } };
    // The pool looks at this when the client comes back, which may be before the socket reports its end.
    client._queryable = false;
    client.connection.stream.destroy();
  }
}

const NOTHING: pg.QueryResult = { command: 'ROLLBACK', rowCount: 0, oid: 0, fields: [], rows: [] };

const READ_ONLY_STATE = '25006';

/** @returns whether the error is the connection's, and the next statement on it would fail as well. */
function isOfNoUse(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ((error as { code?: unknown }).code === READ_ONLY_STATE) return true;
  return /^Query read timeout$|cached plan must not change/.test(error.message);
}

function preparedQuery(text: string, values: unknown[]): pg.QueryConfig {
  let name = names.get(text);
  if (name === undefined && names.size < MOST_PREPARED) {
    name = `saga_${names.size + 1}`;
    names.set(text, name);
  }
  return name === undefined ? { text, values } : { name, text, values };
}

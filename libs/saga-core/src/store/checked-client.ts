/**
 * Invariants: a COMMIT that answers ROLLBACK is a failure (PostgreSQL answers so, without an error, when the
 * transaction was broken before); and a transaction is ended by whoever began it, and by no handler in it.
 */
import { Socket } from 'node:net';
import pg from 'pg';
import { corkWrites } from '../util/cork-writes.js';
import { SagaError } from '../errors.js';
import { IDENTIFY, identityOf } from './abandon-connection.js';
import { isUnavailable } from './database-errors.js';

/**
 * Distinct statements that are prepared on a connection; beyond that, texts vary with their input and would fill the
 * server's memory.
 */
const MOST_PREPARED = 200;
const names = new Map<string, string>();

export interface CheckedClientConfig extends pg.ClientConfig {
  /** Whether statements that have parameters are prepared under a name; they are unless told otherwise. */
  readonly prepared?: boolean;
  /** Statements that make the settings for the rest of a transaction. */
  readonly localSettings?: string;
}

/**
 * A pg client for the pool. It checks commits; it prepares statements that have parameters, so that each connection
 * parses and plans them once; and it never serves again after a read timed out (the answer may still come), a prepared
 * statement went stale (a migration changed its tables), or its server turned out to be read-only (another has taken
 * over, and only a new connection gets there).
 */
export class CheckedClient extends pg.Client {
  private isInTransaction = false;
  private hasTraces = false;
  private isUntidy = false;
  private mayEnd = false;
  private readonly socket: Socket;
  private readonly prepared: boolean;
  private readonly tidying: string;
  private abandoned = false;

  constructor(config: CheckedClientConfig = {}) {
    const socket = corkedSocket();
    // The pool hides the password from whoever lists its options.
    super({ ...config, password: config.password, stream: () => socket });
    this.socket = socket;
    this.prepared = config.prepared ?? true;
    this.tidying = `${TO_DEFAULTS}; ${config.localSettings ?? ''}`;
    // A session that the server ends while nobody waits for it must not take the process down; the next query reports
    // it.
    this.on('error', () => undefined);
  }

  override query(...args: unknown[]): never {
    const [text, values] = args;
    if (text === IDENTIFY) return Promise.resolve(identityOf(this)) as never;
    const statement = textOf(text);
    if (this.isInTransaction && !this.mayEnd && endsTransaction(statement, values))
      return Promise.reject(new SagaError('HANDLER_CONTRACT', NOT_YOURS)) as never;
    if (!this.mayEnd) this.watch(statement);
    const prepared =
      this.prepared && args.length === 2 && typeof text === 'string' && Array.isArray(values) && values.length > 0;
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
      this.leave(text);
      return result;
    } catch (error) {
      if (isOfNoUse(error)) this.abandon();
      this.leave(text);
      // The server has rolled back what was begun on a connection that is gone: what is to be reported is the error
      // that came before.
      if (text === 'rollback' && isUnavailable(error)) return NOTHING;
      throw error;
    }
  }

  /** Notes what a transaction does to its session. */
  private watch(text: string): void {
    if (/^begin\b/.test(text)) this.isInTransaction = true;
    else if (this.isInTransaction) {
      if (LEAVES_TRACES.test(text)) this.hasTraces = true;
      if (CHANGES_MEANING.test(text)) this.isUntidy = true;
    }
  }

  /** A session in which a transaction has left traces serves nobody else. */
  private leave(text: unknown): void {
    if (text !== 'commit' && text !== 'rollback') return;
    this.isInTransaction = false;
    this.isUntidy = false;
    if (this.hasTraces) this.abandon();
  }

  async resetSession(): Promise<void> {
    if (!this.isUntidy) return;
    await (super.query as unknown as (text: string) => Promise<unknown>).call(this, this.tidying);
    this.isUntidy = false;
  }

  ending<Result>(work: () => Result): Result {
    this.mayEnd = true;
    try {
      return work();
    } finally {
      this.mayEnd = false;
    }
  }

  /** Breaks the connection: whatever waits on it fails. */
  abandon(): void {
    this.abandoned = true;
    this.socket.destroy();
  }

  /**
   * Whether the connection was broken on purpose. Its end may not have been reported yet when the client comes back to
   * the pool, so that one must look here.
   */
  get isAbandoned(): boolean {
    return this.abandoned;
  }
}

function corkedSocket(): Socket {
  const socket = new Socket();
  // Not before: to connect gives a socket its own write method back.
  socket.once('connect', () => corkWrites(socket));
  return socket;
}

const NOTHING: pg.QueryResult = { command: 'ROLLBACK', rowCount: 0, oid: 0, fields: [], rows: [] };

const ENDS = /^\s*(?:commit|end|abort|prepare\s+transaction|rollback(?!\s+(?:(?:work|transaction)\s+)?to\b))\b/i;
/** `end` is left out: functions have it behind a semicolon. */
const ENDS_BEHIND = /;\s*(?:commit|abort|rollback(?!\s+(?:(?:work|transaction)\s+)?to\b))\b/i;

/** Only what has no parameters can be more than one statement. */
const endsTransaction = (text: string, values: unknown): boolean =>
  ENDS.test(text) || (!(Array.isArray(values) && values.length > 0) && ENDS_BEHIND.test(text));

/** Others share the transaction: their effects and their answers stand in it. */
const NOT_YOURS = 'A handler does not end the transaction that it was given: others share it';

/** What changes what later statements of the same transaction mean, or which tables they find. */
const CHANGES_MEANING = /^\s*(?:set|reset)\b|^\s*create\s+(?:(?:local|global)\s+)?temp|\binto\s+temp|set_config\s*\(/i;

/** The settings that are made for a session follow these. */
const TO_DEFAULTS = `discard temp; set local session authorization default; set local role to default;
  set local statement_timeout to default; set local lock_timeout to default; set local row_security to default`;

/**
 * What outlives its transaction in the session, so that whoever comes next would find it: settings that are not local,
 * locks of the session, temporary tables, and the like.
 */
const LEAVES_TRACES =
  /^\s*(?:set\s+(?!local\b|transaction\b|constraints\b)|reset\b|discard\b|listen\b|prepare\b|load\b|create\s+(?:(?:local|global)\s+)?temp)|\bwith\s+hold\b|\binto\s+temp|set_config\s*\(|pg_(?:try_)?advisory_lock/i;

const READ_ONLY_STATE = '25006';

/** @returns whether the error is the connection's, and the next statement on it would fail as well. */
function isOfNoUse(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ((error as { code?: unknown }).code === READ_ONLY_STATE || isStalePlan(error)) return true;
  return error.message === 'Query read timeout';
}

const textOf = (query: unknown): string => {
  const text = typeof query === 'string' ? query : (query as { text?: unknown } | null)?.text;
  return typeof text === 'string' ? text : '';
};

/**
 * @returns whether a prepared statement no longer fits its tables. The server's message is in a language of its choice;
 *   the place that it comes from is not.
 */
const isStalePlan = (error: Error): boolean =>
  (error as { routine?: unknown }).routine === 'RevalidateCachedQuery' ||
  error.message.includes('cached plan must not change');

function preparedQuery(text: string, values: unknown[]): pg.QueryConfig {
  let name = names.get(text);
  if (name === undefined && names.size < MOST_PREPARED) {
    name = `saga_${names.size + 1}`;
    names.set(text, name);
  }
  return name === undefined ? { text, values } : { name, text, values };
}

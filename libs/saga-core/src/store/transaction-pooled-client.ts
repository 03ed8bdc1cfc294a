/**
 * Invariant: behind a pooler that gives each transaction another session, nothing is expected of a session beyond the
 * transaction. So no statement is prepared under a name, and the settings are made anew, for the transaction only. They
 * travel with its BEGIN and cost no round trip.
 */
import type pg from 'pg';
import { IDENTIFY } from './abandon-connection.js';
import { CheckedClient, type CheckedClientConfig } from './checked-client.js';

export interface TransactionPooledConfig extends CheckedClientConfig {
  /** Statements that make the settings for one transaction. */
  readonly localSettings: string;
}

/**
 * A pg client for a pooler in transaction mode. What is executed outside a transaction gets one of its own: it needs
 * the settings as well.
 */
export class TransactionPooledClient extends CheckedClient {
  private readonly settings: string;
  private inTransaction = false;

  constructor(config: TransactionPooledConfig) {
    super({ ...config, password: config.password, prepared: false });
    this.settings = config.localSettings;
  }

  override query(...args: unknown[]): never {
    const [text] = args;
    if (text === IDENTIFY || typeof text !== 'string' || args.some((arg) => typeof arg === 'function'))
      return super.query(...args);
    if (/^(begin|start transaction)\b/i.test(text)) return this.begin(text);
    if (text === 'commit' || text === 'rollback') this.inTransaction = false;
    else if (!this.inTransaction) return this.alone(args) as never;
    return super.query(...args);
  }

  private begin(text: string): never {
    this.inTransaction = true;
    // The default level is a setting too, and one that comes too late for this transaction.
    const begin = text.toLowerCase() === 'begin' ? BEGIN : text;
    return super.query(`${begin}; ${this.settings}`);
  }

  private async alone(args: unknown[]): Promise<pg.QueryResult> {
    const settled = await Promise.allSettled([
      super.query(`${BEGIN}; ${this.settings}`) as Promise<unknown>,
      super.query(...args) as Promise<pg.QueryResult>,
      this.ending(() => super.query('commit') as Promise<unknown>),
    ]);
    for (const outcome of settled) if (outcome.status === 'rejected') throw outcome.reason;
    return (settled[1] as PromiseFulfilledResult<pg.QueryResult>).value;
  }
}

const BEGIN = 'begin isolation level read committed';

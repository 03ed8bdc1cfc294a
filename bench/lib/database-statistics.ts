import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { SERVICES } from '../../scripts/lib/services.js';

/** What the services did in their databases. */
export interface DatabaseCounts {
  /** BEGIN and COMMIT are not counted. */
  readonly statements: number;
  readonly transactions: number;
  readonly walBytes: number;
  /** The statements that were executed, those executed most often first. */
  readonly texts: readonly ExecutedStatement[];
}

/** How often a statement was executed. */
export interface ExecutedStatement {
  readonly database: string;
  readonly text: string;
  readonly calls: number;
}

interface Totals {
  readonly wal: number;
  readonly transactions: number;
}

const DATABASES = SERVICES.map(({ database }) => database);

/**
 * What is polled by the clock, each in a transaction of its own: it does not grow with the sagas, and is not counted.
 * It is known by its text: timers, waiting requests, replies that were kept, bulk operations.
 */
const POLLS = '(due|early) as \\(|^select saga_id, status from saga_instance|saga_kept_reply|saga_bulk_operation';

/** A session of PostgreSQL that has nothing to do tells its statistics after ten seconds at the latest. */
const TOLD_AFTER_MS = 11_000;

/** Counts what the services do in their databases, from one moment to another. */
export class DatabaseStatistics {
  private readonly admin: pg.Client;
  private readonly before: Totals;

  private constructor(admin: pg.Client, before: Totals) {
    this.admin = admin;
    this.before = before;
  }

  /** Begins to count. */
  static async begin(admin: pg.Client): Promise<DatabaseStatistics> {
    await admin.query('create extension if not exists pg_stat_statements');
    await admin.query('select pg_stat_statements_reset()');
    return new DatabaseStatistics(admin, await totals(admin));
  }

  /** @returns what was done since; to be called when nothing but polls is done any more */
  async end(): Promise<DatabaseCounts> {
    await sleep(TOLD_AFTER_MS);
    const after = await totals(this.admin);
    const { rows } = await this.admin.query<ExecutedStatement & { isPoll: boolean }>(
      `select d.datname as database, regexp_replace(query, '\\s+', ' ', 'g') as text, calls::float8,
         query ~ $2 as "isPoll"
       from pg_stat_statements s join pg_database d on d.oid = s.dbid
       where d.datname = any($1) and query !~* '^(begin|commit)$'
       order by calls desc`,
      [DATABASES, POLLS],
    );
    const polls = rows.filter(({ isPoll }) => isPoll);
    const others = rows.filter(({ isPoll }) => !isPoll);
    return {
      statements: callsOf(others),
      transactions: after.transactions - this.before.transactions - callsOf(polls),
      walBytes: after.wal - this.before.wal,
      texts: others.map(({ database, text, calls }) => ({ database, text, calls })),
    };
  }
}

const callsOf = (statements: readonly ExecutedStatement[]): number =>
  statements.reduce((sum, { calls }) => sum + calls, 0);

async function totals(admin: pg.Client): Promise<Totals> {
  const { rows } = await admin.query<Totals>(
    `select (pg_current_wal_lsn() - '0/0')::float8 as wal,
       (select sum(xact_commit)::float8 from pg_stat_database where datname = any($1)) as transactions`,
    [DATABASES],
  );
  return rows[0]!;
}

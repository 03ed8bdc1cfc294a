import type pg from 'pg';
import { SERVICES } from '../../scripts/lib/services.mjs';

/** What the services did in their databases. */
export interface DatabaseCounts {
  /** BEGIN and COMMIT are not counted. */
  readonly statements: number;
  readonly transactions: number;
  readonly walBytes: number;
}

interface Totals {
  readonly wal: number;
  readonly transactions: number;
}

const DATABASES = SERVICES.map(({ database }) => database);

/**
 * What is polled by the clock, each in a transaction of its own: it does not grow with the sagas, and is not counted.
 * It is known by its text.
 */
const POLLS = 'awake as|^select saga_id, status from saga_instance';

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

  /** @returns what was done since */
  async end(): Promise<DatabaseCounts> {
    const after = await totals(this.admin);
    const { rows } = await this.admin.query<{ statements: number; polls: number }>(
      `select coalesce(sum(calls) filter (where not polled), 0)::float8 as statements,
         coalesce(sum(calls) filter (where polled), 0)::float8 as polls
       from (
         select calls, query ~ $2 as polled
         from pg_stat_statements s join pg_database d on d.oid = s.dbid
         where d.datname = any($1) and query !~* '^(begin|commit)$'
       ) as counted`,
      [DATABASES, POLLS],
    );
    const { statements, polls } = rows[0]!;
    return {
      statements,
      transactions: after.transactions - this.before.transactions - polls,
      walBytes: after.wal - this.before.wal,
    };
  }
}

async function totals(admin: pg.Client): Promise<Totals> {
  const { rows } = await admin.query<Totals>(
    `select (pg_current_wal_lsn() - '0/0')::float8 as wal,
       (select sum(xact_commit)::float8 from pg_stat_database where datname = any($1)) as transactions`,
    [DATABASES],
  );
  return rows[0]!;
}

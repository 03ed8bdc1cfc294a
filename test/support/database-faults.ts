/**
 * What a PostgreSQL server can do to a service while it runs. Each fault is imposed on one database, and gives a
 * function that lifts it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Random } from 'saga-core/testing';
import { withClient } from './failing-writes.js';
import { openForeignSession } from './foreign-session.js';

export interface FaultyDatabase {
  /** For a superuser. */
  readonly url: string;
  /** As whom the service signs in; no superuser, for to those some limits do not apply. */
  readonly role: string;
  /** Two tables that one transaction of the service writes, in this order. */
  readonly tables: readonly [first: string, second: string];
}

export type Lift = () => Promise<void>;

/** New sessions are refused, and those that there are end. */
export async function refuseConnections(database: FaultyDatabase): Promise<Lift> {
  await alter(database, 'allow_connections false');
  await endSessions(database);
  return () => alter(database, 'allow_connections true');
}

/** No connection is left for the service: to it, the server has reached its most. */
export const takeAllConnections = (database: FaultyDatabase): Promise<Lift> =>
  changeRole(database, 'connection limit 0', 'connection limit -1');

/** The role may sign in no more. */
export const refuseRole = (database: FaultyDatabase): Promise<Lift> => changeRole(database, 'nologin', 'login');

/** The role has another password than its services know. @param known - the one that they know */
export const changePassword = (database: FaultyDatabase, known: string): Promise<Lift> =>
  changeRole(database, "password 'another'", `password ${pg.escapeLiteral(known)}`);

/** Changes what the role may, also for the sessions that it has. */
async function changeRole(database: FaultyDatabase, to: string, back: string): Promise<Lift> {
  const change = (what: string) => onServer(database.url, `alter role ${pg.escapeIdentifier(database.role)} ${what}`);
  await change(to);
  await endSessions(database);
  return () => change(back);
}

/**
 * Sessions are read-only, as on a server that another has taken over from. Those that have begun so stay so when the
 * fault is lifted.
 */
export async function makeReadOnly(database: FaultyDatabase): Promise<Lift> {
  await alter(database, 'set default_transaction_read_only = on');
  await endSessions(database);
  return () => alter(database, 'reset default_transaction_read_only');
}

/** A lock is held on a table for longer than statements may take. */
export async function timeStatementsOut(database: FaultyDatabase): Promise<Lift> {
  await alter(database, "set statement_timeout = '150ms'");
  const unlock = await lockTable(database);
  await endSessions(database);
  return async () => {
    await unlock();
    await alter(database, 'reset statement_timeout');
    await endSessions(database);
  };
}

/** Another program holds a lock on what the service writes. */
async function lockTable({ url, tables: [, second] }: FaultyDatabase): Promise<Lift> {
  const session = await openForeignSession(url);
  await session.query(`begin; lock table ${second} in share row exclusive mode`);
  return () => session.end();
}

/**
 * Another program locks what the service writes, in the opposite order, until the server has ended one of the two
 * transactions: the service's, for it waits for less long.
 */
export async function deadlock(
  { url, tables: [first, second] }: FaultyDatabase,
  happened: () => boolean,
): Promise<Lift> {
  const session = await openForeignSession(url);
  await session.query("set deadlock_timeout = '30s'; set lock_timeout = '3s'");
  while (!happened()) {
    await session.query(`begin; lock table ${second} in share row exclusive mode`);
    await session.untilItBlocks();
    // The service looks for a deadlock once, after a second: a machine that was too slow for that tries again.
    await session.query(`lock table ${first} in access exclusive mode`).catch((error: { code?: string }) => {
      if (error.code !== '55P03') throw error;
    });
    await session.query('rollback');
  }
  return () => session.end();
}

/** Ends so many sessions of the service, one by one, at random. */
export async function endSessionsAtRandom(database: FaultyDatabase, random: Random, count: number): Promise<void> {
  await withClient(database.url, async (server) => {
    let ended = 0;
    while (ended < count) {
      const { rows } = await server.query<{ pid: number }>(
        'select pid from pg_stat_activity where datname = current_database() and usename = $1 order by pid',
        [database.role],
      );
      if (rows.length > 0) {
        await server.query('select pg_terminate_backend($1)', [random.pick(rows).pid]);
        ended++;
      }
      await delay(random.below(60));
    }
  });
}

async function endSessions({ url, role }: FaultyDatabase): Promise<void> {
  await onServer(
    url,
    `select pg_terminate_backend(pid) from pg_stat_activity where usename = ${pg.escapeLiteral(role)} and datname = ${pg.escapeLiteral(nameOf(url))}`,
  );
}

const alter = ({ url }: FaultyDatabase, what: string): Promise<void> =>
  onServer(url, `alter database ${pg.escapeIdentifier(nameOf(url))} ${what}`);

const nameOf = (url: string): string => new URL(url).pathname.slice(1);

/** Works on the maintenance database, which no fault is imposed on. */
async function onServer(url: string, text: string): Promise<void> {
  const maintenance = new URL(url);
  maintenance.pathname = '/postgres';
  await withClient(maintenance.href, (server) => server.query(text));
}

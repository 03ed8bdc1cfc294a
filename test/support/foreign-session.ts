/** A session of another program in a service's database, which holds locks that the service needs. */
import pg from 'pg';
import { waitFor } from './wait-for.js';

export interface ForeignSession {
  query(text: string): Promise<unknown>;
  /** Waits until another session waits for a lock of this one. */
  untilItBlocks(): Promise<void>;
  /** Ends the session, and with it its locks. */
  end(): Promise<void>;
}

/** @param url - of the database */
export async function openForeignSession(url: string): Promise<ForeignSession> {
  const [session, watcher] = [new pg.Client(url), new pg.Client(url)];
  await Promise.all([session.connect(), watcher.connect()]);
  // What the database sets for the service is not meant for its tester.
  for (const client of [session, watcher]) await client.query('set statement_timeout = 0');
  const { rows } = await session.query<{ pid: number }>('select pg_backend_pid() as pid');
  const { pid } = rows[0]!;
  return {
    query: (text) => session.query(text),
    untilItBlocks: async () => {
      await waitFor('somebody to wait for a lock', async () => {
        const waiting = await watcher.query('select from pg_stat_activity where $1 = any(pg_blocking_pids(pid))', [
          pid,
        ]);
        return waiting.rowCount! > 0;
      });
    },
    end: async () => void (await Promise.all([session.end(), watcher.end()])),
  };
}

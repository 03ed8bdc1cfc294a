/** A trigger that makes PostgreSQL refuse what is written to a table, as a fault of the server would. */
import pg from 'pg';
import { waitFor } from './wait-for.js';

export interface FailingWrites {
  /** What the server says, and so what a service must have logged. */
  readonly message: string;
  /** Waits until that many transactions have failed. */
  until(times: number): Promise<void>;
  /** Lets writes through again. */
  lift(): Promise<void>;
}

/**
 * Makes each transaction that writes to a table fail.
 *
 * @param url - of the database
 * @param fault.sqlstate - the error's code, such as 53100 for a full disk
 * @param fault.at - the statement that writes, or COMMIT
 */
export async function failWrites(
  url: string,
  fault: { readonly table: string; readonly sqlstate: string; readonly at: 'write' | 'commit' },
): Promise<FailingWrites> {
  const { table, sqlstate, at } = fault;
  const message = `planned fault ${sqlstate} at ${at} of ${table}`;
  const run = (text: string) => withClient(url, (client) => client.query<{ failed: number }>(text));
  // A sequence counts what is rolled back as well.
  await run(`
    create sequence planned_fault;
    create function planned_fault() returns trigger language plpgsql security definer as $$ begin
      perform nextval('planned_fault');
      raise exception using errcode = '${sqlstate}', message = '${message}';
    end $$;
    create constraint trigger planned_fault after insert or update on ${table}
      ${at === 'commit' ? 'deferrable initially deferred' : ''} for each row execute function planned_fault()`);
  const failed = async (): Promise<number> => {
    const { rows } = await run(
      'select case when is_called then last_value else 0 end::integer as failed from planned_fault',
    );
    return rows[0]!.failed;
  };
  return {
    message,
    until: async (times) => void (await waitFor(`${message}, ${times} times`, async () => (await failed()) >= times)),
    lift: async () => void (await run('drop function planned_fault cascade; drop sequence planned_fault')),
  };
}

/** Works on a connection of its own. */
export async function withClient<Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

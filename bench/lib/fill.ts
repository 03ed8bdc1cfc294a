import pg from 'pg';
import { COMMANDS, PARTICIPANTS } from './saga.js';
import type { Servers } from './system.js';

/** What identifies the order that is copied. */
interface Original {
  readonly orderId: string;
  readonly sagaId: string;
}

/** The columns that differ from the original, as SQL. `copy.id` is another id for each row. */
type Replacements = Readonly<Record<string, string>>;

/**
 * Fills a stopped or running system's databases with sagas that have ended and with sagas that wait for a reply that
 * will not come, as they would look like: copies of one real order, with its saga, history, inbox rows, and what the
 * participants hold of it.
 */
export async function fill(
  databaseUrl: Servers['databaseUrl'],
  { finished, waiting }: { finished: number; waiting: number },
): Promise<void> {
  const original = await within(databaseUrl('order_service'), async (client) => {
    const { rows } = await client.query<Original>(
      `select order_id as "orderId", saga_id as "sagaId" from orders where status = 'APPROVED' limit 1`,
    );
    const [order] = rows;
    if (!order) throw new Error('There is no approved order to copy: place one first');
    await copyOrders(client, order, finished);
    await addWaiting(client, order, waiting);
    return order;
  });
  for (const service of PARTICIPANTS)
    await within(databaseUrl(service), (client) => copyParticipant(client, original, finished));
}

/** Ids that sort with the time, as those of the services do, all in the past. */
const ID = `('01800000-' || substr(lpad(to_hex(n), 8, '0'), 1, 4) || '-7' || substr(lpad(to_hex(n), 8, '0'), 5, 3)
  || '-8' || substr(lpad(to_hex(n), 8, '0'), 8, 1) || '00-' || lpad(to_hex(n), 12, '0'))::uuid`;
/** The sagas that wait have other ids than those that have ended. */
const FIRST_WAITING = 50_000_001;

async function copyOrders(client: pg.Client, { orderId, sagaId }: Original, count: number): Promise<void> {
  await withCopies(client, 1, count, async () => {
    await copyRows(client, 'orders', { order_id: 'copy.id', saga_id: 'copy.id' }, 'order_id', orderId);
    await copyRows(client, 'saga_instance', { saga_id: 'copy.id' }, 'saga_id', sagaId);
    await copyRows(client, 'saga_history', { saga_id: 'copy.id' }, 'saga_id', sagaId);
  });
}

/** Sagas that await the answer to their first command. */
async function addWaiting(client: pg.Client, { sagaId }: Original, count: number): Promise<void> {
  const { step, task: name } = COMMANDS[0]!;
  const until = Date.UTC(2100, 0);
  const command = {
    step,
    name,
    direction: 'action',
    sequence: step + 1,
    attempt: 1,
    payload: {},
    state: 'sent',
    until,
  };
  const replacements = {
    saga_id: 'copy.id',
    status: "'running'",
    ended_at: 'null',
    deadline: "now() + interval '1 day'",
    wake_at: "now() + interval '1 day'",
    awaited: client.escapeLiteral(JSON.stringify({ ...command, mayHaveArrived: false })),
  };
  await withCopies(client, FIRST_WAITING, count, () =>
    copyRows(client, 'saga_instance', replacements, 'saga_id', sagaId),
  );
}

/** Copies what a participant has stored, and the rows of its own that belong to the order. */
async function copyParticipant(client: pg.Client, { orderId, sagaId }: Original, count: number): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select table_name as name from information_schema.columns
     where table_schema = 'public' and column_name = 'order_id'`,
  );
  await withCopies(client, 1, count, async () => {
    for (const { name } of rows)
      await copyRows(client, name, { id: 'copy.id', order_id: 'copy.id' }, 'order_id', orderId);
    await copyRows(client, 'saga_inbox', { saga_id: 'copy.id' }, 'saga_id', sagaId);
  });
}

/** Runs the work while there is a table `copy` of new ids. */
async function withCopies(client: pg.Client, first: number, count: number, work: () => Promise<void>): Promise<void> {
  await client.query(
    `create temporary table copy as select n, ${ID} as id from generate_series(${first}, ${first} + $1 - 1) n`,
    [count],
  );
  await work();
  await client.query('drop table copy');
  await client.query('vacuum analyze');
}

/** Copies the rows of which a column has a value once for each row of `copy`, with some columns replaced. */
async function copyRows(
  client: pg.Client,
  table: string,
  replacements: Replacements,
  key: string,
  value: string,
): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    'select column_name as name from information_schema.columns where table_name = $1 order by ordinal_position',
    [table],
  );
  const columns = rows.map(({ name }) => name);
  const expressions = columns.map((name) => replacements[name] ?? `source.${name}`);
  await client.query(
    `insert into ${table} (${columns.join(', ')})
     select ${expressions.join(', ')}
     from copy cross join (select * from ${table} where ${key} = $1) source order by copy.n`,
    [value],
  );
}

async function within<Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

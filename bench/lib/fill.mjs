import pg from 'pg';

/**
 * Fills a stopped or running system's databases with sagas that have ended and with sagas that wait for a reply which will not come, as they would look like:
 * a copy of one real order, with its saga, history, ticket, authorization and inbox rows.
 * @param {(database: string) => string} databaseUrl
 * @param {{finished: number, waiting: number}} counts
 */
export async function fill(databaseUrl, { finished, waiting }) {
  const order = await within(databaseUrl('order_service'), async (client) => {
    const { rows } = await client.query("select order_id, saga_id from orders where status = 'APPROVED' limit 1");
    if (rows.length === 0) throw new Error('There is no approved order to copy: place one first');
    await copyOrders(client, rows[0], finished);
    await addWaiting(client, rows[0], waiting);
    return rows[0];
  });
  for (const [database, table] of [
    ['consumer_service', null],
    ['restaurant_service', 'ticket'],
    ['accounting_service', 'card_authorization'],
  ])
    await within(databaseUrl(database), (client) => copyParticipant(client, order, table, finished));
}

/** Ids that sort with the time, as those of the services do, all in the past. */
const ID = `('01800000-' || substr(lpad(to_hex(n), 8, '0'), 1, 4) || '-7' || substr(lpad(to_hex(n), 8, '0'), 5, 3) || '-8' || substr(lpad(to_hex(n), 8, '0'), 8, 1)
  || '00-' || lpad(to_hex(n), 12, '0'))::uuid`;

async function copyOrders(client, { order_id, saga_id }, count) {
  await client.query('create temporary table copy as select n, ' + ID + ' as id from generate_series(1, $1) n', [
    count,
  ]);
  await copyRows(client, 'orders', { order_id: 'copy.id', saga_id: 'copy.id' }, 'order_id = $1', [order_id]);
  await copyRows(client, 'saga_instance', { saga_id: 'copy.id' }, 'saga_id = $1', [saga_id]);
  await copyRows(client, 'saga_history', { saga_id: 'copy.id' }, 'saga_id = $1', [saga_id]);
  await client.query('drop table copy');
  await client.query('vacuum analyze');
}

async function addWaiting(client, { saga_id }, count) {
  await client.query(
    'create temporary table copy as select n, ' + ID + ' as id from generate_series(50000001, 50000000 + $1) n',
    [count],
  );
  const columns = {
    saga_id: 'copy.id',
    status: "'running'",
    ended_at: 'null',
    deadline: "now() + interval '1 day'",
    wake_at: "now() + interval '1 day'",
    awaited: `'{"step":1,"name":"consumer_service.verify_consumer_details","direction":"action","sequence":2,"attempt":1,"payload":{},"state":"sent","until":4102444800000,"mayHaveArrived":false}'`,
  };
  await copyRows(client, 'saga_instance', columns, 'saga_id = $1', [saga_id]);
  await client.query('drop table copy');
  await client.query('vacuum analyze');
}

async function copyParticipant(client, { order_id, saga_id }, table, count) {
  await client.query('create temporary table copy as select n, ' + ID + ' as id from generate_series(1, $1) n', [
    count,
  ]);
  if (table) await copyRows(client, table, { id: 'copy.id', order_id: 'copy.id' }, 'order_id = $1', [order_id]);
  await copyRows(client, 'saga_inbox', { saga_id: 'copy.id' }, 'saga_id = $1', [saga_id]);
  await client.query('drop table copy');
  await client.query('vacuum analyze');
}

/** Copies the rows that match once for each row of `copy`, with some columns replaced. */
async function copyRows(client, table, replaced, condition, values) {
  const { rows } = await client.query(
    'select column_name as name from information_schema.columns where table_name = $1 order by ordinal_position',
    [table],
  );
  const columns = rows.map(({ name }) => name);
  const expressions = columns.map((name) => replaced[name] ?? `source.${name}`);
  await client.query(
    `insert into ${table} (${columns.join(', ')})
     select ${expressions.join(', ')} from copy cross join (select * from ${table} where ${condition}) source order by copy.n`,
    values,
  );
}

async function within(url, work) {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/**
 * The floor: what the saga's messages and commits cost without any saga logic, on bare amqplib and pg, written to be as fast as they allow. Started with the
 * name of a role, it is one of the four services: the same queues, messages, confirms and acknowledgements, one row for each effect, each reply stored,
 * each set of deliveries one commit. No HTTP, no validation, no history, no barrier, no recovery.
 */
import net from 'node:net';
import { connect } from 'amqplib';
import pg from 'pg';

const [, , role, configuration] = process.argv;
/** @type {{amqpUrl: string, databaseUrl: string, queueType: string, inFlight: number, orders: number, warmUp: number}} */
const config = JSON.parse(configuration);

// -- PostgreSQL: prepared statements on one connection, each its own transaction.

const database = new pg.Client({ connectionString: config.databaseUrl, stream: () => new net.Socket() });
await database.connect();
const execute = (name, text, values) => database.query({ name, text, values });

// -- RabbitMQ: one connection to publish and one to consume, a set of deliveries at a time.

const [publishing, consuming] = await Promise.all([connect(config.amqpUrl), connect(config.amqpUrl)]);
const out = await publishing.createConfirmChannel();
const channel = await consuming.createChannel();
for (const connection of [publishing, consuming]) cork(connection.connection.stream);

function cork(stream) {
  const write = stream.write.bind(stream);
  let corked = false;
  stream.write = (...args) => {
    if (!corked) {
      corked = true;
      stream.cork();
      process.nextTick(() => {
        corked = false;
        stream.uncork();
      });
    }
    return write(...args);
  };
}

function publish(messages) {
  return new Promise((resolve, reject) => {
    let missing = messages.length;
    if (missing === 0) resolve();
    for (const { exchange, routingKey, correlationId, replyTo, headers, body } of messages)
      out.publish(
        exchange,
        routingKey,
        Buffer.from(JSON.stringify(body)),
        { persistent: true, mandatory: true, contentType: 'application/json', correlationId, replyTo, headers },
        (error) => (error ? reject(error) : --missing === 0 && resolve()),
      );
  });
}

async function consume(queue, handleSet) {
  let waiting = [];
  let working = false;
  const work = async () => {
    while (waiting.length > 0) {
      const set = waiting;
      waiting = [];
      await handleSet(
        set.map(({ fields, properties, content }) => ({
          task: fields.routingKey,
          id: properties.correlationId,
          replyTo: properties.replyTo,
          body: JSON.parse(content.toString()),
        })),
      );
      channel.ack(set.at(-1), true);
    }
    working = false;
  };
  await channel.prefetch(400);
  await channel.consume(queue, (delivery) => {
    waiting.push(delivery);
    if (working) return;
    working = true;
    setImmediate(work);
  });
}

async function declare(queue, exchange, pattern) {
  const isQuorum = config.queueType === 'quorum';
  const deadLetters = { 'x-dead-letter-exchange': 'saga.dead', 'x-dead-letter-routing-key': queue };
  await channel.assertExchange('saga.commands', 'topic');
  await channel.assertExchange('create_order_saga.responses', 'topic');
  await channel.assertExchange('saga.dead', 'direct');
  await channel.assertQueue(queue, {
    arguments: {
      ...deadLetters,
      'x-queue-type': config.queueType,
      'x-overflow': 'reject-publish',
      ...(isQuorum ? { 'x-delivery-limit': 100, 'x-dead-letter-strategy': 'at-least-once' } : {}),
    },
  });
  await channel.bindQueue(queue, exchange, pattern);
}

// -- Participants: the effect and the stored reply in one statement.

const PARTICIPANTS = {
  consumer_service: {
    effect: 'select name from consumer where id = any($4::integer[])',
    reply: () => ({ name: 'Kenneth Salem' }),
    table:
      "create table consumer (id integer primary key, name text); insert into consumer values (70, 'Kenneth Salem')",
    values: (set) => [[...new Set(set.map(({ body }) => body.consumerId))]],
  },
  restaurant_service: {
    effect: `insert into ticket (order_id, items, status) select * from unnest($4::uuid[], $5::jsonb[], $6::text[])
      on conflict (order_id) do update set status = excluded.status`,
    reply: ({ body, task }) => (task.endsWith('create_ticket') ? { ticketId: body.orderId } : {}),
    table: 'create table ticket (order_id uuid primary key, items jsonb, status text) with (fillfactor = 50)',
    values: (set) => [
      set.map(({ body }) => body.orderId),
      set.map(({ body }) => JSON.stringify(body.items ?? null)),
      set.map(({ task }) => task),
    ],
  },
  accounting_service: {
    effect: 'insert into card_authorization (order_id, amount) select * from unnest($4::uuid[], $5::integer[])',
    reply: ({ body }) => ({ authorizationId: body.orderId }),
    table: 'create table card_authorization (order_id uuid primary key, amount integer)',
    values: (set) => [set.map(({ body }) => body.orderId), set.map(({ body }) => body.amount)],
  },
};

async function participate({ effect, reply, table, values }) {
  await database.query(
    `${table}; create table inbox (saga_id uuid, sequence integer, reply json, primary key (saga_id, sequence))`,
  );
  const queue = `${role}.commands`;
  await declare(queue, 'saga.commands', `${role}.*`);
  await consume(queue, async (set) => {
    const replies = set.map(reply);
    await execute(
      'handle',
      `with effect as (${effect}) insert into inbox select * from unnest($1::uuid[], $2::integer[], $3::json[])`,
      [
        set.map(({ id }) => id.slice(0, 36)),
        set.map(({ id }) => Number(id.slice(37))),
        replies.map((body) => JSON.stringify(body)),
        ...values(set),
      ],
    );
    await publish(
      set.map(({ task, id, replyTo }, index) => ({
        exchange: replyTo,
        routingKey: `${task}.response.success`,
        correlationId: id,
        headers: { 'x-saga-id': id.slice(0, 36) },
        body: replies[index],
      })),
    );
  });
}

// -- The orchestrator: holds so many orders in flight.

const STEPS = [
  ['consumer_service.verify_consumer_details', (order) => ({ orderId: order.orderId, consumerId: 70 })],
  ['restaurant_service.create_ticket', (order) => ({ orderId: order.orderId, restaurantId: 1, items: order.items })],
  ['accounting_service.authorize_card', ({ orderId }) => ({ orderId, consumerId: 70, cardId: 1, amount: 2_000 })],
  ['restaurant_service.approve_ticket', ({ orderId }) => ({ orderId, ticketId: orderId })],
];

async function orchestrate() {
  await database.query(`
    create table orders (order_id uuid primary key, status text, price integer, items jsonb) with (fillfactor = 50);
    create table saga (saga_id uuid primary key, sequence integer, step integer, deadline timestamptz, data jsonb) with (fillfactor = 50)`);
  const { v7: uuid } = await import('uuidv7').then(({ uuidv7 }) => ({ v7: uuidv7 }));
  const sagas = new Map();
  const latencies = [];
  let placed = 0;
  let ended = 0;
  let firstCounted = 0;
  let lastCounted = 0;
  let finish;
  const finished = new Promise((resolve) => (finish = resolve));

  const commandOf = (saga) => {
    const [task, payload] = STEPS[saga.step];
    return {
      exchange: 'saga.commands',
      routingKey: task,
      correlationId: `${saga.id}:${saga.step + 2}`,
      replyTo: 'create_order_saga.responses',
      headers: { 'x-saga-id': saga.id, 'x-saga-name': 'create_order_saga', 'x-saga-step': task, 'x-saga-attempt': 1 },
      body: payload(saga),
    };
  };
  const end = (saga) => {
    sagas.delete(saga.id);
    const now = performance.now();
    ended++;
    if (ended <= config.warmUp) firstCounted = now;
    else if (placed < config.orders) {
      lastCounted = now;
      latencies.push(now - saga.begun);
    }
    if (ended === config.orders) finish();
    place();
  };

  let waiting = 0;
  let starting = false;
  const place = () => {
    if (placed === config.orders) return;
    placed++;
    waiting++;
    if (starting) return;
    starting = true;
    setImmediate(start);
  };
  const start = async () => {
    while (waiting > 0) {
      const set = Array.from({ length: waiting }, () => ({
        id: uuid(),
        orderId: uuid(),
        step: 0,
        items: [{ name: 'Dish 1', quantity: 2 }],
        begun: performance.now(),
      }));
      waiting = 0;
      for (const saga of set) sagas.set(saga.id, saga);
      await execute(
        'start',
        `with placed as (insert into orders select id, 'APPROVAL_PENDING', 2000, items from unnest($2::uuid[], $3::jsonb[]) as input (id, items))
         insert into saga select id, 2, 0, clock_timestamp() + interval '10 s', items from unnest($1::uuid[], $3::jsonb[]) as input (id, items)`,
        [set.map(({ id }) => id), set.map(({ orderId }) => orderId), set.map(({ items }) => JSON.stringify(items))],
      );
      publish(set.map(commandOf));
    }
    starting = false;
  };

  await declare('create_order_saga.responses', 'create_order_saga.responses', '#');
  await consume('create_order_saga.responses', async (set) => {
    const moved = set.map(({ id }) => sagas.get(id.slice(0, 36)));
    for (const saga of moved) saga.step++;
    const done = moved.filter(({ step }) => step === STEPS.length);
    const going = moved.filter(({ step }) => step < STEPS.length);
    await execute(
      'step',
      `with approved as (update orders set status = 'APPROVED' where order_id = any($3::uuid[]))
       update saga set step = input.step, sequence = input.step + 2, deadline = clock_timestamp() + interval '10 s'
       from unnest($1::uuid[], $2::integer[]) as input (id, step) where saga_id = input.id`,
      [moved.map(({ id }) => id), moved.map(({ step }) => step), done.map(({ orderId }) => orderId)],
    );
    for (const saga of done) end(saga);
    await publish(going.map(commandOf));
  });
  process.send('ready');
  await new Promise((resolve) => process.once('message', resolve));
  for (let index = 0; index < config.inFlight; index++) place();
  await finished;
  latencies.sort((a, b) => a - b);
  const quantile = (q) => latencies[Math.min(latencies.length - 1, Math.floor(q * latencies.length))];
  process.send({
    perSecond: (latencies.length / (lastCounted - firstCounted)) * 1_000,
    p50: quantile(0.5),
    p95: quantile(0.95),
    p99: quantile(0.99),
  });
}

if (role === 'order_service') await orchestrate();
else {
  await participate(PARTICIPANTS[role]);
  process.send('ready');
}
process.once('disconnect', () => process.exit(0));

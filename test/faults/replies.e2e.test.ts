/**
 * Replies and commands that come late, twice, out of order, from nowhere, or in the same moment as something else.
 * Locks held in PostgreSQL by the test make them meet: what is to meet queues up behind a lock, in a known order,
 * before it is let go.
 */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { connect, type ChannelModel, type ConfirmChannel } from 'amqplib';
import type { SagaView } from 'saga-core';
import { takeDeadLetters } from '../support/dead-letters.js';
import { get, post } from '../support/http.js';
import { everyOrderEnded, orders, violationsOfOrders, type PlacedOrder } from '../support/orders.js';
import { startService, type ServiceName, type ServiceProcess } from '../support/service-process.js';
import { startStack, type Stack } from '../support/stack.js';
import { playOrchestrator, type TestOrchestrator } from '../support/test-orchestrator.js';
import { waitFor } from '../support/wait-for.js';

const SAGA = 'create_order_saga.responses';
const CREATE = 'restaurant_service.create_ticket';
const REJECT = 'restaurant_service.reject_ticket';
const SUCCESS = `${CREATE}.response.success`;
/** Its ticket is made, and never answered for: the answer is the test's. */
const silent = { ...orders.good, restaurantId: 3 };

let stack: Stack;
const twins: ServiceProcess[] = [];
const databases = new Map<ServiceName, pg.Client>();
let connection: ChannelModel;
let channel: ConfirmChannel;
let saga: TestOrchestrator;
beforeAll(async () => {
  stack = await startStack('replies');
  for (const name of ['order-service', 'restaurant-service'] as const) {
    twins.push(startService(name, stack.settingsOf(name)));
    const client = new pg.Client(stack.settingsOf(name).DATABASE_URL);
    await client.connect();
    databases.set(name, client);
  }
  await Promise.all(twins.map((twin) => twin.untilReady()));
  saga = await playOrchestrator(stack.broker.amqpUrl);
  connection = await connect(stack.broker.amqpUrl);
  channel = await connection.createConfirmChannel();
}, 60_000);
afterAll(async () => {
  await Promise.all([saga.close(), connection.close(), ...[...databases.values()].map((client) => client.end())]);
  await Promise.all(twins.map((twin) => twin.stop()));
  await stack.stop();
}, 60_000);
afterEach(async () => {
  await everyOrderEnded(stack, 30_000);
  expect(await violationsOfOrders(stack)).toEqual([]);
  const counts = Object.entries(await stack.broker.messageCounts());
  expect(counts.filter(([queue, count]) => queue.endsWith('.dead') && count > 0)).toEqual([]);
}, 60_000);

const place = async (body: object, headers: Record<string, string> = {}): Promise<PlacedOrder> =>
  (await post<PlacedOrder>(`${stack.url('order-service')}/orders`, body, headers)).body;
const sagaOf = async ({ sagaId }: PlacedOrder): Promise<SagaView> =>
  (await get<SagaView>(`${stack.url('order-service')}/sagas/${sagaId}`)).body;
const typesOf = async (order: PlacedOrder, step?: string): Promise<string[]> =>
  (await sagaOf(order)).history.filter((entry) => step === undefined || entry.step === step).map(({ type }) => type);
const ignored = async (order: PlacedOrder): Promise<number> =>
  (await typesOf(order)).filter((type) => type === 'reply_ignored').length;

async function reply(routingKey: string, correlationId: string, body: unknown): Promise<void> {
  channel.publish(SAGA, routingKey, Buffer.from(JSON.stringify(body)), { persistent: true, correlationId });
  await channel.waitForConfirms();
}

/** Waits until a step awaits its reply. @returns the identity of its command */
async function awaiting(order: PlacedOrder, step: string): Promise<string> {
  const view = await waitFor(`the saga to await ${step}`, async () => {
    const now = await sagaOf(order);
    return now.awaited?.step === step && now.awaited.state === 'sent' && now;
  });
  return view.awaited!.commandId;
}

const ticketsOf = async ({ id }: { id: string }) =>
  (await get<{ id: string; status: string }[]>(`${stack.url('restaurant-service')}/tickets?orderId=${id}`)).body;
const ticketOf = async (order: PlacedOrder): Promise<string> =>
  (await waitFor('the ticket', async () => (await ticketsOf(order))[0])).id;

/** Holds a lock until it is let go, on a session of its own. */
async function holding(name: ServiceName, sql: string, values: unknown[] = []): Promise<() => Promise<void>> {
  const client = new pg.Client(stack.settingsOf(name).DATABASE_URL);
  await client.connect();
  await client.query('begin');
  await client.query(sql, values);
  return () => client.end();
}

/** Waits until as many sessions of a service's database wait for a lock in a statement that holds this text. */
async function queuedUp(name: ServiceName, count: number, text: string): Promise<void> {
  const sql = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and strpos(query, $1) > 0`;
  const waiting = async () => (await databases.get(name)!.query(sql, [text])).rowCount! >= count;
  await waitFor(`${count} to queue up at ${text}`, waiting);
}

describe('replies that do not count', () => {
  test('doubled, late, out of order, ahead of time and for another saga: recorded, and without effect', async () => {
    const ended = await place(orders.good, { prefer: 'wait=30' });
    const other = await place(orders.good, { prefer: 'wait=30' });
    expect([ended.status, other.status]).toEqual(['APPROVED', 'APPROVED']);
    const replies = (await sagaOf(ended)).history.filter(
      ({ type, step }) => type === 'step_succeeded' && step?.includes('.'),
    );
    const before = await sagaOf(ended);
    // In the opposite order, each twice; then of a command that it never sent.
    for (const { step, commandId, reply: body } of [...replies, ...replies].reverse())
      await reply(`${step}.response.success`, commandId!, body ?? {});
    await reply(`${CREATE}.response.failure`, `${ended.sagaId}:999`, { kind: 'error', code: 'X', message: 'x' });
    await waitFor('all to be recorded', async () => (await ignored(ended)) === 2 * replies.length + 1);
    const { updatedAt: _updated, history: _history, ...rest } = await sagaOf(ended);
    // Each reply was an input.
    const after = { ...rest, version: expect.any(Number) as number };
    expect(before).toMatchObject(after);
    expect(await ignored(other)).toBe(0);

    // A reply that was meant for another saga reaches that one only, and one to a saga that never was nobody.
    const waiting = await place(silent);
    await awaiting(waiting, CREATE);
    await reply(SUCCESS, `${ended.sagaId}:3`, { ticketId: await ticketOf(waiting) });
    await reply(SUCCESS, `${randomUUID()}:3`, { ticketId: await ticketOf(waiting) });
    await waitFor('it to be recorded', async () => (await ignored(ended)) === 2 * replies.length + 2);
    expect((await sagaOf(waiting)).history.map(({ type }) => type)).not.toContain('reply_ignored');
  }, 90_000);

  test('after the undo has begun: the ticket stays rejected', async () => {
    const order = await place(silent);
    const commandId = await awaiting(order, CREATE);
    const ticketId = await ticketOf(order);
    await waitFor('the undo', async () => (await typesOf(order)).includes('compensating'));
    await reply(SUCCESS, commandId, { ticketId });
    await waitFor('it to be recorded', async () => (await ignored(order)) === 1);
    await waitFor('the end', async () => (await sagaOf(order)).status === 'compensated');
    expect(await ticketsOf(order)).toEqual([expect.objectContaining({ id: ticketId, status: 'REJECTED' })]);
  }, 60_000);
});

describe('replies to the awaited command that are hostile in what they say', () => {
  const deep = '['.repeat(50_000) + ']'.repeat(50_000);
  const failure = '{"kind":"error","code":"X","message":"x"';
  const DEAD = `${SAGA}.dead`;
  const send = async (outcome: string, correlationId: string, body: string): Promise<void> => {
    channel.publish(SAGA, `${CREATE}.response.${outcome}`, Buffer.from(body), { persistent: true, correlationId });
    await channel.waitForConfirms();
  };

  test.each([
    ['with text that no database takes', `${failure},"details":{"a\\u0000":"\\ud800"}}`],
    ['with __proto__', `${failure},"__proto__":{"kind":"success"},"details":{"__proto__":{"a":1}}}`],
    ['with much to tell', `${failure},"details":"${'x'.repeat(1_000_000)}"}`],
  ])(
    '%s: they are taken for what they are',
    async (_what, body) => {
      const order = await place(silent);
      await send('failure', await awaiting(order, CREATE), body);
      await waitFor('the reply to be taken', async () => (await typesOf(order, CREATE)).includes('step_failed'));
    },
    60_000,
  );

  test('nested so deeply that they could not be stored: they are no replies', async () => {
    const order = await place(silent);
    const commandId = await awaiting(order, CREATE);
    await send('failure', commandId, `${failure},"details":${deep}}`);
    await send('success', commandId, `{"ticketId":"${await ticketOf(order)}","more":${deep}}`);
    await waitFor('the letters', async () => (await channel.checkQueue(DEAD)).messageCount === 2);
    expect(await takeDeadLetters(stack.broker.amqpUrl, SAGA, 2)).toEqual({ NOT_A_REPLY: 2 });
  }, 60_000);
});

describe('a reply and the timeout of its step in the same moment', () => {
  test('the reply is first: the step has succeeded, and is not sent again', async () => {
    const order = await place(silent);
    const commandId = await awaiting(order, CREATE);
    const ticketId = await ticketOf(order);
    const release = await holding('order-service', 'select 1 from saga_instance where saga_id = $1 for update', [
      order.sagaId,
    ]);
    try {
      await reply(SUCCESS, commandId, { ticketId });
      await queuedUp('order-service', 1, 'saga_instance');
      await waitFor('the deadline to pass', async () => {
        const sql =
          "select deadline + interval '0.5 s' < clock_timestamp() as passed from saga_instance where saga_id = $1";
        return (await databases.get('order-service')!.query<{ passed: boolean }>(sql, [order.sagaId])).rows[0]!.passed;
      });
    } finally {
      await release();
    }
    await waitFor('the end', async () => (await sagaOf(order)).status === 'completed');
    expect(await typesOf(order, CREATE)).toEqual(['command_sent', 'step_succeeded']);
  }, 60_000);

  test('the timeout is first, and the reply right behind it: the step is sent again, and has succeeded', async () => {
    const order = await place(silent);
    const commandId = await awaiting(order, CREATE);
    const ticketId = await ticketOf(order);
    // Whoever saves a saga writes its history last: the timer stands there with the row in its hand.
    const release = await holding('order-service', 'lock table saga_history in share mode');
    try {
      await queuedUp('order-service', 1, 'saga_instance');
      await reply(SUCCESS, commandId, { ticketId });
      await queuedUp('order-service', 2, 'saga_instance');
    } finally {
      await release();
    }
    await waitFor('the end', async () => (await sagaOf(order)).status === 'completed');
    expect(await typesOf(order, CREATE)).toEqual([
      'command_sent',
      'step_timed_out',
      'command_resent',
      'step_succeeded',
    ]);
  }, 60_000);
});

describe('two processes at once', () => {
  test('a command that is doubled while another process handles the first has one effect, and both get its reply', async () => {
    const release = await holding('restaurant-service', 'lock table ticket in share mode');
    let order: PlacedOrder;
    let commandId: string;
    try {
      order = await place(orders.good);
      commandId = await awaiting(order, CREATE);
      await queuedUp('restaurant-service', 1, 'insert into ticket');
      const payload = { orderId: order.id, restaurantId: 1, items: orders.good.items };
      await saga.send(CREATE, payload, { correlationId: commandId });
      await queuedUp('restaurant-service', 2, 'insert into ticket');
    } finally {
      await release();
    }
    const [doubled] = await saga.replies(commandId);
    await waitFor('the end', async () => (await sagaOf(order)).status === 'completed');
    expect((await ticketsOf(order)).map(({ id }) => ({ ticketId: id }))).toEqual([doubled!.body]);
  }, 60_000);

  test('an undo that comes while another process handles its action bars it, whatever that has done by then', async () => {
    const release = await holding('restaurant-service', 'lock table ticket in share mode');
    let order: PlacedOrder;
    try {
      order = await place(orders.good);
      const actionId = await awaiting(order, CREATE);
      await queuedUp('restaurant-service', 1, 'insert into ticket');
      const undo = `${order.sagaId}:99`;
      await saga.send(REJECT, { orderId: order.id, actionId }, { correlationId: undo });
      expect((await saga.replies(undo))[0]!.routingKey).toBe(`${REJECT}.response.success`);
    } finally {
      await release();
    }
    await waitFor('the end', async () => (await sagaOf(order)).status === 'compensated');
    expect(await sagaOf(order)).toMatchObject({ failure: { code: 'BARRED', step: CREATE } });
    expect(await ticketsOf(order)).toEqual([]);
  }, 60_000);

  test('two orchestrators that get the same reply at once: one of them goes on with the saga', async () => {
    const order = await place(silent);
    const commandId = await awaiting(order, CREATE);
    const ticketId = await ticketOf(order);
    const release = await holding('order-service', 'select 1 from saga_instance where saga_id = $1 for update', [
      order.sagaId,
    ]);
    try {
      await reply(SUCCESS, commandId, { ticketId });
      await queuedUp('order-service', 1, 'saga_instance');
      await reply(SUCCESS, commandId, { ticketId });
      await queuedUp('order-service', 2, 'saga_instance');
    } finally {
      await release();
    }
    await waitFor('the end', async () => (await sagaOf(order)).status === 'completed');
    await waitFor('the other to be recorded', async () => (await ignored(order)) > 0);
    expect(await ignored(order)).toBe(1);
    const sent = (await sagaOf(order)).history.filter(({ type }) => type === 'command_sent').map(({ step }) => step);
    expect(sent).toEqual([...new Set(sent)]);
  }, 60_000);
});

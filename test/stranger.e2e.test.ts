/**
 * A stranger among the services: accounting-service is replaced by a participant in Python that shares no code with the
 * library.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect } from 'amqplib';
import { post } from './support/http.js';
import { allOrders, everyOrderEnded, orders, type PlacedOrder } from './support/orders.js';
import { placeBatch, together, type Batch } from './support/batch.js';
import {
  pythonWithPika,
  rowsOf,
  startPythonParticipant,
  type PythonParticipant,
} from './support/python-participant.js';
import { startStack, type Stack } from './support/stack.js';
import { startTcpProxy, type TcpProxy } from './support/tcp-proxy.js';
import { playOrchestrator, type TestOrchestrator } from './support/test-orchestrator.js';
import { expectDeadLettered, unanswerable, type Unanswerable } from './support/unanswerable.js';
import { waitFor } from './support/wait-for.js';

const AUTHORIZE = 'accounting_service.authorize_card';
const REVERSE = 'accounting_service.reverse_authorization';
const QUEUE = 'accounting_service.commands';

let python: string;
let folder: string;
let stack: Stack;
let proxy: TcpProxy;
let participant: PythonParticipant;
let saga: TestOrchestrator;

const file = (): string => path.join(folder, 'accounting.sqlite');
const start = () =>
  startPythonParticipant(python, { AMQP_URL: proxy.through(stack.broker.amqpUrl), DATABASE_FILE: file() });
const authorizationsOf = (orderId: string) =>
  rowsOf(python, file(), `select id, status, amount from card_authorization where order_id = '${orderId}'`);

/** What ends what has begun; it may be less than everything. */
const ends: (() => unknown)[] = [];
beforeAll(async () => {
  python = await pythonWithPika();
  folder = mkdtempSync(path.join(tmpdir(), 'stranger-'));
  ends.unshift(() => rmSync(folder, { recursive: true }));
  stack = await startStack('stranger', ['order-service', 'consumer-service', 'restaurant-service']);
  ends.unshift(() => stack.stop());
  proxy = await startTcpProxy(stack.broker.amqpUrl);
  ends.unshift(() => proxy.close());
  participant = await start();
  ends.unshift(() => participant.stop());
  saga = await playOrchestrator(stack.broker.amqpUrl);
  ends.unshift(() => saga.close());
}, 120_000);
afterAll(async () => {
  for (const end of ends) await end();
}, 120_000);

/** A command for an order of its own. */
const command = (amount = 2_000, cardId = 1) => {
  const sagaId = randomUUID();
  const orderId = randomUUID();
  return { orderId, id: `${sagaId}:1`, undoId: `${sagaId}:2`, payload: { orderId, consumerId: 70, cardId, amount } };
};

const nested = (levels: number): unknown[] => Array.from({ length: levels }).reduce<unknown[]>((inner) => [inner], []);
const manyHeaders = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`h${i}`, i]));

const place = async (order: object): Promise<PlacedOrder & { rejection: unknown }> =>
  (
    await post<PlacedOrder & { rejection: unknown }>(`${stack.url('order-service')}/orders`, order, {
      prefer: 'wait=30',
    })
  ).body;

describe('orders', () => {
  test('one is approved, with the authorization that the stranger gave', async () => {
    const order = await place(orders.good);
    expect(order.status).toBe('APPROVED');
    expect(await authorizationsOf(order.id)).toEqual([[order.authorizationId, 'AUTHORIZED', 2_000]]);
  }, 60_000);

  test('one over the limit is rejected for it', async () => {
    const order = await place(orders.overLimit);
    expect(order).toMatchObject({ status: 'REJECTED', rejection: { code: 'LIMIT_EXCEEDED' } });
    expect(await authorizationsOf(order.id)).toEqual([]);
  }, 60_000);
});

describe('commands', () => {
  test('a duplicate gets the stored reply, and has no second effect', async () => {
    const { id, orderId, payload } = command();
    await saga.send(AUTHORIZE, payload, { correlationId: id });
    await saga.send(AUTHORIZE, payload, { correlationId: id });
    const [first, second] = await saga.replies(id, 2);
    expect(first!.routingKey).toBe(`${AUTHORIZE}.response.success`);
    expect(first!.properties).toMatchObject({ contentType: 'application/json', deliveryMode: 2 });
    expect(second!.body).toEqual(first!.body);
    const { authorizationId } = first!.body as { authorizationId: string };
    expect(await authorizationsOf(orderId)).toEqual([[authorizationId, 'AUTHORIZED', 2_000]]);
  });

  test.each([
    ['CARD_BLOCKED', command(1, 2)],
    ['CARD_NOT_FOUND', command(1, 99)],
    ['LIMIT_EXCEEDED', command(5_001)],
  ])('a refusal says %s, and says it again', async (code, { id, payload }) => {
    for (const count of [1, 2]) {
      await saga.send(AUTHORIZE, payload, { correlationId: id });
      const replies = await saga.replies(id, count);
      expect(replies[count - 1]).toMatchObject({
        routingKey: `${AUTHORIZE}.response.failure`,
        body: { kind: 'refusal', code, message: expect.any(String) },
      });
    }
  });

  test('an undo takes its action back', async () => {
    const { id, undoId, orderId, payload } = command();
    await saga.send(AUTHORIZE, payload, { correlationId: id });
    await saga.replies(id);
    await saga.send(REVERSE, { orderId, actionId: id }, { correlationId: undoId });
    expect((await saga.replies(undoId))[0]).toMatchObject({ routingKey: `${REVERSE}.response.success`, body: {} });
    expect(await authorizationsOf(orderId)).toEqual([[expect.any(String), 'REVERSED', 2_000]]);
  });

  test('an undo that overtakes its action succeeds, and bars the action for ever', async () => {
    const { id, undoId, orderId, payload } = command();
    await saga.send(REVERSE, { orderId, actionId: id }, { correlationId: undoId });
    expect((await saga.replies(undoId))[0]).toMatchObject({ routingKey: `${REVERSE}.response.success`, body: {} });
    for (const count of [1, 2]) {
      await saga.send(AUTHORIZE, payload, { correlationId: id });
      const replies = await saga.replies(id, count);
      expect(replies[count - 1]).toMatchObject({
        routingKey: `${AUTHORIZE}.response.failure`,
        body: { kind: 'refusal', code: 'BARRED' },
      });
    }
    expect(await authorizationsOf(orderId)).toEqual([]);
  });

  test.each([
    ['INVALID_PAYLOAD', { orderId: 'x' }, `${randomUUID()}:1`],
    ['INVALID_PAYLOAD', [], `${randomUUID()}:1`],
    ['INVALID_COMMAND_ID', command().payload, 'my-command'],
  ])('what breaks its schema is answered with the error %s', async (code, payload, correlationId) => {
    await saga.send(AUTHORIZE, payload, { correlationId });
    expect((await saga.replies(correlationId))[0]).toMatchObject({
      routingKey: `${AUTHORIZE}.response.failure`,
      body: { kind: 'error', code, message: expect.any(String) },
    });
  });

  test.each<Unanswerable>([
    ...unanswerable(AUTHORIZE),
    ['UNPARSEABLE', AUTHORIZE, '['.repeat(5_000) + ']'.repeat(5_000), { correlationId: `${randomUUID()}:1` }],
    ['REPLY_ADDRESS_REFUSED', AUTHORIZE, '{}', { correlationId: `${randomUUID()}:1`, replyTo: 'nobody.responses' }],
    ['UNREADABLE_HEADERS', AUTHORIZE, '{}', { correlationId: `${randomUUID()}:1`, headers: { nested: nested(1_500) } }],
    ['UNREADABLE_HEADERS', AUTHORIZE, '{}', { correlationId: `${randomUUID()}:1`, headers: manyHeaders(1_001) }],
  ])('what cannot be answered is dead-lettered: %s', async (...sent) => {
    await expectDeadLettered(saga, QUEUE, sent);
    const { id, payload } = command();
    await saga.send(AUTHORIZE, payload, { correlationId: id });
    expect((await saga.replies(id))[0]!.routingKey).toBe(`${AUTHORIZE}.response.success`);
  });
});

describe('faults', () => {
  test('killed between its commit and its reply, it answers with what it had committed', async () => {
    const before = command();
    // It has asked for the address on this connection, so that what follows needs no answer of the broker.
    await saga.send(AUTHORIZE, before.payload, { correlationId: before.id });
    await saga.replies(before.id);

    const { id, orderId, payload } = command();
    expect(proxy.stall('accounting-service-python', 'to server')).toBe(1);
    await saga.send(AUTHORIZE, payload, { correlationId: id });
    const [row] = await waitFor('the commit', async () => {
      const rows = await authorizationsOf(orderId);
      return rows.length > 0 && rows;
    });
    await participant.kill();
    // Its reply lies in the proxy still: it must not arrive after all.
    proxy.cut();
    proxy.resume();
    proxy.restore();
    participant = await start();
    const replies = await saga.replies(id);
    expect(replies.map(({ body }) => body)).toEqual([{ authorizationId: row![0] }]);
    expect(await authorizationsOf(orderId)).toEqual([row]);
  }, 60_000);

  test('a message of which three processes have died is parked; one of which fewer have is handled, and forgiven', async () => {
    await participant.stop();
    const [killer, other] = [command(), command()];
    const connection = await connect(stack.broker.amqpUrl);
    const channel = await connection.createChannel();
    for (const { id, payload } of [killer, other]) await saga.send(AUTHORIZE, payload, { correlationId: id });
    // They have been delivered, and were not acknowledged.
    for (let count = 0; count < 2; count++) await waitFor('the command', () => channel.get(QUEUE));
    channel.nackAll(true);
    await connection.close();
    const deaths = [`('${AUTHORIZE} ${killer.id}', 3)`, `('${AUTHORIZE} ${other.id}', 2)`];
    await rowsOf(python, file(), `insert into suspect values ${deaths.join(', ')}`);
    participant = await start();
    expect(await saga.deadLetter(QUEUE)).toMatchObject({ cause: 'CRASH_LOOP', body: JSON.stringify(killer.payload) });
    expect((await saga.replies(other.id))[0]!.routingKey).toBe(`${AUTHORIZE}.response.success`);
    expect(await authorizationsOf(killer.orderId)).toEqual([]);
    await waitFor(
      'both to be forgotten',
      async () => (await rowsOf(python, file(), 'select * from suspect')).length === 0,
    );
  }, 60_000);

  test('its connection cut, it connects again', async () => {
    proxy.cut();
    const { id, payload } = command();
    await saga.send(AUTHORIZE, payload, { correlationId: id });
    proxy.restore();
    await participant.untilReady(2);
    expect((await saga.replies(id))[0]!.routingKey).toBe(`${AUTHORIZE}.response.success`);
  }, 60_000);

  test('its queue deleted, it declares it again', async () => {
    const consumed = participant.output().split('consuming').length - 1;
    const connection = await connect(stack.broker.amqpUrl);
    await (await connection.createChannel()).deleteQueue(QUEUE);
    await connection.close();
    await participant.untilReady(consumed + 1);
    const { id, payload } = command();
    await saga.send(AUTHORIZE, payload, { correlationId: id });
    expect((await saga.replies(id))[0]!.routingKey).toBe(`${AUTHORIZE}.response.success`);
  }, 60_000);

  test('a reply that no queue takes holds nothing up, and is given when it is asked for again', async () => {
    const connection = await connect(stack.broker.amqpUrl);
    const channel = await connection.createChannel();
    const { id, orderId, payload } = command();
    await channel.assertExchange('deaf_saga.responses', 'topic');
    await saga.send(AUTHORIZE, payload, { correlationId: id, replyTo: 'deaf_saga.responses' });
    await waitFor('word of it', () => participant.output().includes(`no queue takes the reply to ${id}`));
    await saga.send(AUTHORIZE, payload, { correlationId: id });
    const [reply] = await saga.replies(id);
    expect(await authorizationsOf(orderId)).toEqual([
      [(reply!.body as { authorizationId: string }).authorizationId, 'AUTHORIZED', 2_000],
    ]);

    // It had been there, and it is not remembered for ever that it was.
    await channel.deleteExchange('deaf_saga.responses');
    await connection.close();
    await saga.send(AUTHORIZE, payload, { correlationId: id, replyTo: 'deaf_saga.responses' });
    expect(await saga.deadLetter(QUEUE)).toMatchObject({ cause: 'REPLY_ADDRESS_REFUSED' });
  }, 60_000);

  test('killed again and again under orders of all kinds, each ends as it must, and none is paid twice', async () => {
    const authorizations = async (): Promise<number> =>
      (await rowsOf(python, file(), 'select count(*) from card_authorization'))[0]![0] as number;
    const batches: Batch[] = [];
    for (let kill = 0; kill < 3; kill++) {
      const count = await authorizations();
      const placing = placeBatch(stack, 6);
      await waitFor('more authorizations', async () => (await authorizations()) > count);
      await participant.kill();
      participant = await start();
      batches.push(await placing);
    }
    const { kinds } = together(batches);
    await everyOrderEnded(stack, 120_000);
    const ended = (await allOrders(stack)).filter(({ id }) => kinds.has(id));
    expect(ended).toHaveLength(kinds.size);
    for (const { id, status, authorizationId } of ended) {
      const kind = kinds.get(id)!;
      const approved = kind === 'good' || kind === 'brokenApproval';
      expect([kind, status]).toEqual([kind, approved ? 'APPROVED' : 'REJECTED']);
      const inForce = (await authorizationsOf(id)).filter(([, state]) => state === 'AUTHORIZED');
      expect(inForce.map(([authorization]) => authorization)).toEqual(approved ? [authorizationId] : []);
    }
  }, 240_000);
});

/**
 * The audit, on real services whose rows are put wrong by hand: each kind of wrong is found by its id, and nothing else
 * is.
 */
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect } from 'amqplib';
import pg from 'pg';
import { audit, RULES, type Report, type Rule } from 'audit';
import { post } from './support/http.js';
import { everyOrderEnded, orders, placesOf } from './support/orders.js';
import type { ServiceName } from './support/service-process.js';
import { startStack, type Stack } from './support/stack.js';

interface Order {
  readonly id: string;
  readonly sagaId: string;
  readonly ticketId: string;
  readonly authorizationId: string;
}

let stack: Stack;
let folder: string;
let stackFile: string;
const clients = new Map<ServiceName, pg.Client>();
beforeAll(async () => {
  stack = await startStack('audit');
  folder = mkdtempSync(path.join(tmpdir(), 'audit-'));
  stackFile = path.join(folder, 'stack.json');
  const { databases, amqpUrls } = placesOf(stack);
  writeFileSync(stackFile, JSON.stringify({ databases, amqpUrl: amqpUrls.join(',') }));
  for (const name of ['order-service', 'consumer-service', 'restaurant-service', 'accounting-service'] as const) {
    const client = new pg.Client(stack.settingsOf(name).DATABASE_URL);
    clients.set(name, client);
    await client.connect();
  }
}, 60_000);
afterAll(async () => {
  await Promise.all([...clients.values()].map((client) => client.end()));
  rmSync(folder, { recursive: true, force: true });
  await stack.stop();
}, 60_000);

const place = async (body: object): Promise<Order> =>
  (await post<Order>(`${stack.url('order-service')}/orders`, body, { prefer: 'wait=30' })).body;
const query = (service: ServiceName, text: string, values: unknown[]) => clients.get(service)!.query(text, values);

/** Runs the command as an operator would. */
function run(...args: string[]) {
  const { DATABASE_URL: _database, AMQP_URL: _amqp, ...env } = process.env;
  return spawnSync('npm', ['run', '--silent', 'audit', '--', ...args], { encoding: 'utf8', env });
}

test('a system in which orders ended in every way is right, and so is one that is busy', async () => {
  const placing = Promise.all(
    Array.from({ length: 60 }, (_, index) =>
      post(`${stack.url('order-service')}/orders`, Object.values(orders)[index % 5]!),
    ),
  );
  const progress = { ended: false };
  const ending = placing.then(() => everyOrderEnded(stack, 60_000)).finally(() => (progress.ended = true));
  do expect((await audit(placesOf(stack))).wrong).toEqual([]);
  while (!progress.ended);
  await ending;
  const { status, stdout } = run('--stack', stackFile);
  expect(stdout).toContain('Nothing is wrong.');
  expect(stdout).toMatch(/orders +.*(APPROVED|REJECTED) \d+/);
  expect(status).toBe(0);
}, 120_000);

test('finds each kind of wrong, tells the ids, and exits with 1', async () => {
  const good = await Promise.all(Array.from({ length: 9 }, () => place(orders.good)));
  const [g0, g1, g2, g3, g4, g5, g6, g7, g8] = good as [Order, Order, Order, Order, Order, Order, Order, Order, Order];
  const rejected = await place(orders.overLimit);
  const suspended = await place(orders.suspended);
  const ofSeven = await place({ ...orders.good, consumerId: 7 });
  // Those who could put it right again are gone.
  await stack.stopServices();

  const wrong: [rule: Rule, id: string][] = [];
  const spoil = async (service: ServiceName, text: string, values: unknown[], ...found: typeof wrong) => {
    expect((await query(service, text, values)).rowCount).toBeGreaterThan(0);
    wrong.push(...found);
  };
  await spoil(
    'restaurant-service',
    "update ticket set status = 'REJECTED' where order_id = $1",
    [g0.id],
    ['APPROVED_TICKET', g0.id],
  );
  await spoil('restaurant-service', 'delete from ticket where order_id = $1', [g1.id], ['APPROVED_TICKET', g1.id]);
  await spoil(
    'accounting-service',
    "update card_authorization set status = 'REVERSED' where order_id = $1",
    [g2.id],
    ['APPROVED_AUTHORIZATION', g2.id],
  );
  await spoil(
    'order-service',
    'update orders set authorization_id = $2 where order_id = $1',
    [g3.id, randomUUID()],
    ['APPROVED_AUTHORIZATION', g3.id],
  );
  await spoil(
    'restaurant-service',
    "update ticket set status = 'CREATE_PENDING' where order_id = $1",
    [rejected.id],
    ['REJECTED_TICKET', rejected.id],
  );
  await spoil(
    'accounting-service',
    `insert into card_authorization (id, order_id, consumer_id, card_id, amount, status) values ($1, $2, 10, 1, 5, 'AUTHORIZED')`,
    [randomUUID(), suspended.id],
    ['REJECTED_AUTHORIZATION', suspended.id],
  );
  await spoil('consumer-service', 'update consumer set id = 700 where id = $1', [7], ['APPROVED_CONSUMER', ofSeven.id]);
  await query('order-service', 'delete from saga_instance where saga_id = $1', [g4.sagaId]);
  await spoil(
    'order-service',
    "update orders set status = 'APPROVAL_PENDING' where order_id = $1",
    [g4.id],
    ['PENDING_SAGA', g4.id],
  );
  await spoil(
    'order-service',
    "update saga_instance set status = 'compensated' where saga_id = $1",
    [g5.sagaId],
    ['SAGA_STATUS', g5.id],
  );
  await spoil(
    'order-service',
    'delete from orders where order_id = $1',
    [g6.id],
    ['SAGA_ORDER', g6.sagaId],
    ['TICKET_ORDER', g6.ticketId],
    ['AUTHORIZATION_ORDER', g6.authorizationId],
  );
  await query('order-service', "update orders set status = 'APPROVAL_PENDING' where order_id = any($1)", [
    [g7.id, g8.id],
  ]);
  // The one is stuck, and no fault. The other is the one that is overdue, and while it lives messages are on their way.
  await query('order-service', "update saga_instance set status = 'stuck', step = 'approve_order' where saga_id = $1", [
    g8.sagaId,
  ]);
  const overdue = `update saga_instance set status = 'running', step = 'approve_order', ended_at = null,
    wake_at = now() - interval '1 minute', deadline = now() - interval '1 minute' where saga_id = $1`;
  await spoil('order-service', overdue, [g7.sagaId], ['SAGA_OVERDUE', g7.sagaId]);

  const connection = await connect(stack.broker.amqpUrl);
  const channel = await connection.createConfirmChannel();
  channel.publish('saga.commands', 'consumer_service.verify_consumer_details', Buffer.from('{}'));
  channel.publish('saga.dead', 'restaurant_service.commands', Buffer.from('{}'));
  await channel.waitForConfirms();
  await channel.deleteQueue('accounting_service.commands.dead');
  wrong.push(['QUEUE_THERE', 'accounting_service.commands.dead']);
  await connection.close();

  // What somebody likes better changes nothing for the audit.
  for (const client of clients.values())
    await client.query(
      `do $$ begin execute format('alter database %I set datestyle = German', current_database()); end $$`,
    );
  const first = run('--stack', stackFile, '--json');
  const report = JSON.parse(first.stdout) as Report;
  const told = (of: typeof report) => of.wrong.map(({ rule, id }) => `${rule} ${id}`).sort();
  expect(told(report)).toEqual(wrong.map((each) => each.join(' ')).sort());
  expect(first.status).toBe(1);
  expect(report.stuck.map(({ id }) => id)).toEqual([g8.sagaId]);
  expect(report.counts.queues).toMatchObject({ 'consumer_service.commands': 1, 'restaurant_service.commands.dead': 1 });

  // Once no saga lives, nothing is on its way, and a message that waits is wrong.
  await query('order-service', 'update saga_instance set wake_at = null, deadline = null where saga_id = $1', [
    g7.sagaId,
  ]);
  const second = run('--stack', stackFile);
  expect(second.stdout).toContain('WRONG 1 × QUEUE_IDLE');
  expect(second.stdout).toContain('consumer_service.commands: 1 messages wait');
  expect(second.stdout).toContain(`saga ${g8.sagaId} is stuck at approve_order`);
  expect(second.status).toBe(1);
  expect(new Set([...wrong.map(([rule]) => rule), 'QUEUE_IDLE'])).toEqual(new Set(Object.keys(RULES)));
}, 120_000);

test('exits with 2 when it could not look, and says why', () => {
  const nowhere = path.join(folder, 'nowhere.json');
  expect(run('--stack', nowhere)).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('DATABASE_URL is not set'),
  });
  writeFileSync(nowhere, JSON.stringify({ ...placesOf(stack), amqpUrl: 'amqp://127.0.0.1:1' }));
  expect(run('--stack', nowhere)).toMatchObject({ status: 2, stderr: expect.stringContaining('ECONNREFUSED') });
  expect(run('--speed')).toMatchObject({ status: 2, stderr: expect.stringContaining("Unknown option '--speed'") });
  expect(run('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('APPROVED_TICKET') });
});

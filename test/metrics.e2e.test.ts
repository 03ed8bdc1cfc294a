/** What the services measure, against what the histories of the sagas and the answers on the wire say has happened. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect } from 'amqplib';
import { get, post } from './support/http.js';
import { ownMetrics, scrape, total, type Sample } from './support/metrics.js';
import { allOrders, deadLetters, everyOrderEnded, orders } from './support/orders.js';
import { ACTIONS, UNDOS } from './support/saga-tasks.js';
import { startStack, type Stack } from './support/stack.js';
import { waitFor } from './support/wait-for.js';

const SAGA = 'create_order_saga';
const RESPONSES = `${SAGA}.responses`;
const AUTHORIZE = 'accounting_service.authorize_card';
const REVERSE = 'accounting_service.reverse_authorization';
const VERIFY = 'consumer_service.verify_consumer_details';

interface Saga {
  readonly status: string;
  readonly history: readonly {
    readonly type: string;
    readonly step?: string;
    readonly commandId?: string;
    readonly tookMs?: number;
    readonly payload?: unknown;
  }[];
}

let stack: Stack;
let sagas: Saga[];
beforeAll(async () => {
  stack = await startStack('metrics');
  const { good, suspended, overLimit, unknownDish, brokenApproval } = orders;
  const silent = { ...good, restaurantId: 3 };
  for (const order of [good, good, good, suspended, overLimit, overLimit, unknownDish, brokenApproval, silent])
    expect((await post(`${stack.url('order-service')}/orders`, order)).status).toBe(202);
  await everyOrderEnded(stack, 30_000);
  sagas = await Promise.all(
    (await allOrders(stack)).map(
      async ({ sagaId }) => (await get<Saga>(`${stack.url('order-service')}/sagas/${sagaId}`)).body,
    ),
  );
}, 60_000);
afterAll(() => stack.stop(), 60_000);

/** How many entries of the histories are of these types and of this step. */
const happened = (types: readonly string[], step?: string): number =>
  sagas
    .flatMap(({ history }) => history)
    .filter((entry) => types.includes(entry.type) && (step === undefined || entry.step === step)).length;

const stepsOf = (): string[] => [
  ...new Set(sagas.flatMap(({ history }) => history.flatMap(({ step }) => (step?.includes('.') ? [step] : [])))),
];

test('sagas that started and ended, and what their steps came to, are counted as the histories tell', async () => {
  const samples = await scrape(stack.url('order-service'));
  expect(total(samples, 'saga_started_total', { saga: SAGA })).toBe(9);
  for (const outcome of ['completed', 'compensated']) {
    const count = sagas.filter(({ status }) => status === outcome).length;
    expect(count).toBeGreaterThan(0);
    expect(total(samples, 'saga_ended_total', { saga: SAGA, outcome })).toBe(count);
    expect(total(samples, 'saga_duration_seconds_count', { saga: SAGA, outcome })).toBe(count);
  }
  // Each command was sent, but for the undo of a step whose outcome was never unknown here.
  expect(stepsOf().sort()).toEqual([...ACTIONS, ...UNDOS].filter((task) => task !== REVERSE).sort());
  for (const step of stepsOf()) {
    const of = (name: string, labels: Record<string, string>) => total(samples, name, { saga: SAGA, step, ...labels });
    expect(of('saga_commands_sent_total', { kind: 'first' })).toBe(happened(['command_sent'], step));
    expect(of('saga_commands_sent_total', { kind: 'resend' })).toBe(happened(['command_resent'], step));
    expect(of('saga_step_outcomes_total', { outcome: 'success' })).toBe(happened(['step_succeeded'], step));
    expect(of('saga_step_outcomes_total', { outcome: 'refusal' })).toBe(happened(['step_refused'], step));
    expect(of('saga_step_outcomes_total', { outcome: 'error' })).toBe(happened(['step_failed'], step));
    expect(of('saga_step_outcomes_total', { outcome: 'timeout' })).toBe(happened(['step_timed_out'], step));
  }
  expect(total(samples, 'saga_step_outcomes_total', { outcome: 'timeout' })).toBeGreaterThan(0);
  expect(total(samples, 'saga_compensations_total', { step: AUTHORIZE, code: 'LIMIT_EXCEEDED' })).toBe(2);
});

test('how long steps took is the sum of what the histories say', async () => {
  const samples = await scrape(stack.url('order-service'));
  for (const step of stepsOf()) {
    const took = sagas.flatMap(({ history }) =>
      history.flatMap((entry) =>
        entry.step === step && entry.tookMs !== undefined && entry.type !== 'step_timed_out' ? [entry.tookMs] : [],
      ),
    );
    expect(total(samples, 'saga_step_duration_seconds_count', { step })).toBe(took.length);
    const sum = took.reduce((all, each) => all + each, 0) / 1_000;
    expect(total(samples, 'saga_step_duration_seconds_sum', { step })).toBeCloseTo(sum, 6);
  }
});

test('participants count commands by what became of them', async () => {
  const [consumer, restaurant, accounting] = await Promise.all(
    (['consumer-service', 'restaurant-service', 'accounting-service'] as const).map((name) => scrape(stack.url(name))),
  );
  const fate = (samples: readonly Sample[] | undefined, task: string, name: string) =>
    total(samples!, 'saga_commands_handled_total', { task, fate: name });
  expect(fate(consumer, VERIFY, 'success')).toBe(happened(['step_succeeded'], VERIFY));
  expect(fate(consumer, VERIFY, 'refusal')).toBe(1);
  expect(fate(accounting, AUTHORIZE, 'refusal')).toBe(2);
  expect(fate(restaurant, 'restaurant_service.approve_ticket', 'error')).toBe(2);
  // The kitchen that never answers: once it writes its row, once it is asked again.
  expect(fate(restaurant, 'restaurant_service.create_ticket', 'withheld')).toBe(1);
  expect(fate(restaurant, 'restaurant_service.create_ticket', 'duplicate')).toBe(1);
  for (const samples of [consumer, restaurant, accounting])
    expect(total(samples!, 'saga_batch_size_sum')).toBe(total(samples!, 'saga_consumed_total'));
});

test('late, unknown and unreadable replies, duplicates and dead letters are counted, and move nothing', async () => {
  const before = await scrape(stack.url('order-service'));
  const [{ history } = { history: [] }] = sagas.filter(({ status }) => status === 'completed');
  const { commandId, payload } = history.find(({ type, step }) => type === 'command_sent' && step === VERIFY)!;
  const connection = await connect(stack.broker.amqpUrl);
  const channel = await connection.createConfirmChannel();
  const reply = (correlationId: string) =>
    channel.publish(RESPONSES, `${VERIFY}.response.success`, Buffer.from('{}'), { correlationId });
  reply(commandId!);
  reply(`${randomUUID()}:1`);
  channel.publish(RESPONSES, 'no.reply.response.at.all', Buffer.from('rubbish'));
  channel.sendToQueue(RESPONSES, Buffer.from('rubbish'));
  channel.sendToQueue('consumer_service.commands', Buffer.from('rubbish'));
  // The command that was answered long ago, once more.
  channel.publish('saga.commands', VERIFY, Buffer.from(JSON.stringify(payload)), {
    correlationId: commandId!,
    replyTo: RESPONSES,
  });
  await channel.waitForConfirms();
  await connection.close();

  const idle = (samples: readonly Sample[], why: string) =>
    total(samples, 'saga_idle_replies_total', { queue: RESPONSES, why });
  // One late reply is published above, the other is the answer to the doubled command.
  const after = await waitFor('the replies to be counted', async () => {
    const samples = await scrape(stack.url('order-service'));
    return idle(samples, 'late') >= idle(before, 'late') + 2 && idle(samples, 'not_a_reply') > 0 && samples;
  });
  expect(idle(after, 'late')).toBe(idle(before, 'late') + 2);
  expect(idle(after, 'unknown_saga')).toBe(1);
  expect(idle(after, 'not_a_reply')).toBe(1);
  expect(total(after, 'saga_dead_letters_total', { queue: RESPONSES, cause: 'NOT_A_REPLY' })).toBe(1);
  expect(total(after, 'saga_ended_total')).toBe(total(before, 'saga_ended_total'));
  const consumer = await scrape(stack.url('consumer-service'));
  expect(total(consumer, 'saga_dead_letters_total', { queue: 'consumer_service.commands', cause: 'UNPARSEABLE' })).toBe(
    1,
  );
  expect(total(consumer, 'saga_commands_handled_total', { task: VERIFY, fate: 'duplicate' })).toBe(1);
});

// The letters of the test before.
test('what lies in each dead-letter queue is told, as soon as the broker is asked again', async () => {
  await waitFor('the gauge to tell what lies in each dead-letter queue', async () => {
    const samples = await scrape(stack.url('order-service'));
    const waiting = samples.filter(({ name, value }) => name === 'saga_dead_letters_waiting' && value > 0);
    const told = waiting.map(({ labels, value }) => `${labels.queue}.dead ${value}`);
    const stored = (await deadLetters(stack)).map(([queue, count]) => `${queue} ${count}`);
    return stored.length === 2 && told.sort().join() === stored.sort().join();
  });
}, 30_000);

test('sagas that have not ended are told by step, with the age of the oldest, until they end', async () => {
  const accounting = stack.service('accounting-service');
  const waiting = (samples: readonly Sample[]) =>
    total(samples, 'saga_instances', { saga: SAGA, status: 'running', step: AUTHORIZE });
  accounting.pause();
  try {
    for (const order of [orders.good, orders.good, orders.overLimit])
      await post(`${stack.url('order-service')}/orders`, order);
    const samples = await waitFor('the gauges', async () => {
      const found = await scrape(stack.url('order-service'));
      return waiting(found) === 3 && found;
    });
    expect(total(samples, 'saga_oldest_seconds', { saga: SAGA, status: 'running' })).toBeGreaterThan(0);
    expect(total(samples, 'saga_overdue_seconds')).toBeLessThan(5);
  } finally {
    accounting.resume();
  }
  await everyOrderEnded(stack, 30_000);
  await waitFor('the gauges to be empty', async () => waiting(await scrape(stack.url('order-service'))) === 0);
}, 60_000);

test('the state of connections, and requests by route, are there; nothing that an order says is', async () => {
  for (const name of ['order-service', 'consumer-service', 'restaurant-service', 'accounting-service'] as const) {
    const samples = await scrape(stack.url(name));
    expect(total(samples, 'saga_transport_up', { link: 'publishing' })).toBe(1);
    expect(total(samples, 'saga_consumer_up')).toBe(1);
    expect(total(samples, 'saga_database_connections')).toBeGreaterThan(0);
    expect(total(samples, 'saga_database_waiting')).toBe(0);
    expect(total(samples, 'process_resident_memory_bytes')).toBeGreaterThan(0);
    expect(JSON.stringify(samples)).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}|Dish/);
  }
  const samples = await scrape(stack.url('order-service'));
  expect(
    total(samples, 'http_request_duration_seconds_count', { method: 'POST', route: '/orders', status: '202' }),
  ).toBe(12);
});

test('docs/metrics.md lists what is measured, and alerts and dashboard ask for nothing else', async () => {
  const urls = (['order-service', 'restaurant-service'] as const).map((name) => stack.url(name));
  const measured = [...new Set((await Promise.all(urls.map(ownMetrics))).flat())].sort();
  const documented = [...readFileSync('docs/metrics.md', 'utf8').matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name!);
  expect(documented.sort()).toEqual(measured);
  const users = ['ops/prometheus/alerts.yml', 'ops/grafana/dashboards/sagas.json'];
  const asked = users.flatMap((file) => [
    ...readFileSync(file, 'utf8').matchAll(/\b((?:saga|http)_[a-z_]+)(?=[{[)])/g),
  ]);
  expect(asked.length).toBeGreaterThan(10);
  for (const [, name] of asked) expect(measured).toContain(name!.replace(/_(bucket|sum|count)$/, ''));
});

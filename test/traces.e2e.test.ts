/**
 * Traces of the real services, as a collector gets them: one order is one trace, through all services, retries and
 * restarts.
 */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { get, post } from './support/http.js';
import { everyOrderEnded, orders, type PlacedOrder } from './support/orders.js';
import { ACTIONS, STEPS } from './support/saga-tasks.js';
import { startStack, type Stack } from './support/stack.js';
import { collectTraces, type CollectedSpan, type TraceCollector } from './support/trace-collector.js';
import { waitFor } from './support/wait-for.js';

const SAGA = 'create_order_saga';
const VERIFY = 'consumer_service.verify_consumer_details';
const CREATE = 'restaurant_service.create_ticket';
const APPROVE = 'restaurant_service.approve_ticket';
const SERVICES = ['accounting-service', 'consumer-service', 'order-service', 'restaurant-service'];
/** The clocks of processes and database are one here, but read at different moments. */
const CLOCK_MS = 100;

let collector: TraceCollector;
let stack: Stack;
beforeAll(async () => {
  collector = await collectTraces();
  stack = await startStack('traces', undefined, (_name, settings) => ({
    ...settings,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_BSP_SCHEDULE_DELAY: '50',
    TRACE_URL: 'http://traces.example/trace/{traceId}',
    LOGS_URL: 'http://logs.example/?q={sagaId}',
    QUEUE_URL: 'http://broker.example/#/queues/%2F/{queue}',
  }));
}, 90_000);
afterAll(async () => {
  await stack.stop();
  await collector.close();
}, 60_000);

const place = async (order: object, headers: Record<string, string> = {}): Promise<PlacedOrder> => {
  const answer = await post<PlacedOrder>(`${stack.url('order-service')}/orders`, order, headers);
  expect(answer.status).toBe(202);
  return answer.body;
};
const traceOf = (sagaId: string): CollectedSpan[] => {
  const traceId = collector.spans.find(({ attributes }) => attributes['saga.id'] === sagaId)?.traceId;
  return collector.spans.filter((span) => span.traceId === traceId);
};
/**
 * @returns the whole trace of a saga that has ended: its own span comes last of those that order-service makes, and
 *   participants were before it.
 */
const wholeTrace = async ({ sagaId }: PlacedOrder, commands: number): Promise<CollectedSpan[]> => {
  await waitFor(
    'the whole trace',
    () => {
      const spans = traceOf(sagaId);
      const handled = spans.filter(({ kind }) => kind === 'CONSUMER');
      return (
        ['POST /orders', SAGA].every((name) => spans.some((span) => span.name === name)) && handled.length >= commands
      );
    },
    30_000,
  );
  return traceOf(sagaId);
};
const only = (spans: readonly CollectedSpan[], name: string, kind?: CollectedSpan['kind']): CollectedSpan => {
  const found = spans.filter((span) => span.name === name && (kind === undefined || span.kind === kind));
  expect(found).toHaveLength(1);
  return found[0]!;
};
const within = (inner: CollectedSpan, outer: CollectedSpan): void => {
  expect(inner.from).toBeGreaterThanOrEqual(outer.from - CLOCK_MS);
  expect(inner.to).toBeLessThanOrEqual(outer.to + CLOCK_MS);
};

test('an approved order is one trace from its request through all services to its end', async () => {
  const order = await place(orders.good);
  const spans = await wholeTrace(order, ACTIONS.length);
  expect([...new Set(spans.map(({ service }) => service))].sort()).toEqual(SERVICES);
  // The request, the saga, one for each step, and one for each command.
  expect(spans).toHaveLength(2 + STEPS.length + ACTIONS.length);
  const request = only(spans, 'POST /orders', 'SERVER');
  expect(request).toMatchObject({
    parent: '',
    attributes: { 'http.route': '/orders', 'http.response.status_code': 202 },
  });
  for (const span of spans.filter((each) => each !== request)) expect(span.parent).toBe(request.spanId);

  const saga = only(spans, SAGA);
  expect(saga).toMatchObject({
    service: 'order-service',
    attributes: { 'saga.id': order.sagaId, 'saga.outcome': 'completed' },
  });
  for (const task of ACTIONS) {
    const step = only(spans, task, 'CLIENT');
    const handled = only(spans, task, 'CONSUMER');
    expect(step).toMatchObject({ service: 'order-service', failed: false, attributes: { 'saga.outcome': 'success' } });
    expect(handled).toMatchObject({ failed: false, attributes: { 'saga.fate': 'success', 'saga.id': order.sagaId } });
    expect(handled.service.replace('-', '_')).toBe(task.split('.')[0]);
    const [identity] = [step, handled].map(({ attributes }) => attributes['messaging.message.conversation_id']);
    expect(identity).toContain(order.sagaId);
    expect(handled.attributes['messaging.message.conversation_id']).toBe(identity);
    within(step, saga);
    within(handled, step);
    expect(handled.to).toBeGreaterThan(handled.from);
  }
  const lasted = ACTIONS.map((task) => only(spans, task, 'CLIENT')).reduce((sum, { from, to }) => sum + to - from, 0);
  expect(lasted).toBeGreaterThan(0);
  expect(lasted).toBeLessThanOrEqual(saga.to - saga.from + CLOCK_MS);
}, 60_000);

test('each attempt is a span in the one trace: two that failed, and the one that went well', async () => {
  const order = await place(orders.brokenApproval);
  const spans = await wholeTrace(order, ACTIONS.length + 2);
  expect([...new Set(spans.map(({ service }) => service))].sort()).toEqual(SERVICES);
  for (const [kind, word] of [
    ['CLIENT', 'saga.outcome'],
    ['CONSUMER', 'saga.fate'],
  ] as const) {
    const attempts = spans.filter((span) => span.name === APPROVE && span.kind === kind);
    attempts.sort((one, other) => one.from - other.from);
    expect(attempts.map(({ attributes, failed }) => [attributes['saga.attempt'], attributes[word], failed])).toEqual([
      [1, 'error', true],
      [2, 'error', true],
      [3, 'success', false],
    ]);
    expect(new Set(attempts.map(({ attributes }) => attributes['messaging.message.conversation_id'])).size).toBe(1);
  }
}, 60_000);

test('an order whose orchestrator dies under it is one trace of two processes', async () => {
  const accounting = stack.service('accounting-service');
  accounting.pause();
  let order: PlacedOrder;
  let killedAt: number;
  let firstPid: number;
  try {
    order = await place(orders.good);
    // What was not sent yet dies with the process; the participants send spans of the same names.
    await waitFor('the first steps of the trace', () => {
      const sent = traceOf(order.sagaId).filter(({ service }) => service === 'order-service');
      return ['POST /orders', VERIFY, CREATE].every((name) => sent.some((span) => span.name === name));
    });
    firstPid = stack.service('order-service').pid;
    killedAt = Date.now();
    await stack.replace('order-service');
  } finally {
    accounting.resume();
  }
  await everyOrderEnded(stack, 30_000);
  const spans = await wholeTrace(order, ACTIONS.length);
  expect([...new Set(spans.map(({ service }) => service))].sort()).toEqual(SERVICES);
  const secondPid = stack.service('order-service').pid;
  const mine = spans.filter(({ service }) => service === 'order-service');
  expect([...new Set(mine.map(({ pid }) => pid))].sort()).toEqual([firstPid, secondPid].sort());

  const request = only(spans, 'POST /orders');
  const saga = only(spans, SAGA);
  expect(only(spans, VERIFY, 'CLIENT').pid).toBe(firstPid);
  expect(saga).toMatchObject({ pid: secondPid, parent: request.spanId });
  expect(saga.from).toBeLessThan(killedAt);
  expect(saga.to).toBeGreaterThan(killedAt);
  within(only(spans, APPROVE, 'CLIENT'), saga);
}, 90_000);

test('a caller has its order in its own trace, and none when it says that nobody looks', async () => {
  const [traceId, unsampled, spanId] = [16, 16, 8].map((bytes) => randomBytes(bytes).toString('hex')) as [
    string,
    string,
    string,
  ];
  const quiet = await place(orders.good, { traceparent: `00-${unsampled}-${spanId}-00` });
  const order = await place(orders.good, { traceparent: `00-${traceId}-${spanId}-01` });
  await everyOrderEnded(stack, 30_000);
  const spans = await wholeTrace(order, ACTIONS.length);
  expect(only(spans, 'POST /orders')).toMatchObject({ traceId, parent: spanId });
  const { body } = await get<{ traceparent: string; links: { title: string; url: string }[] }>(
    `${stack.url('order-service')}/sagas/${order.sagaId}`,
  );
  expect(body.traceparent).toBe(`00-${traceId}-${only(spans, 'POST /orders').spanId}-01`);
  expect(body.links).toEqual(
    expect.arrayContaining([
      { title: 'Trace', url: `http://traces.example/trace/${traceId}` },
      { title: 'Queue', url: `http://broker.example/#/queues/%2F/${SAGA}.responses` },
      { title: 'Logs', url: `http://logs.example/?q=${order.sagaId}` },
    ]),
  );
  // The other one ended before it or with it; a service sends all that it has as it stops.
  await stack.stopServices();
  expect(traceOf(quiet.sagaId)).toEqual([]);
  expect(collector.spans.filter((span) => span.traceId === unsampled)).toEqual([]);
  expect(collector.spans.filter(({ name }) => /health|metrics/.test(name))).toEqual([]);
}, 60_000);

test('a collector that takes requests and never answers keeps no service from its work, nor from its end', async () => {
  const deaf = createServer(() => undefined);
  await new Promise<void>((resolve) => deaf.listen(0, '127.0.0.1', resolve));
  const unheard = await startStack('unheard', ['consumer-service'], (_name, settings) => ({
    ...settings,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(deaf.address() as AddressInfo).port}`,
    OTEL_BSP_SCHEDULE_DELAY: '50',
  }));
  try {
    const reached = new Promise((resolve) => deaf.once('request', resolve));
    for (let count = 0; count < 3; count++)
      expect((await get(`${unheard.url('consumer-service')}/consumers/70`)).status).toBe(200);
    await reached;
  } finally {
    // Throws unless it ends in time, with exit code 0.
    await unheard.stop();
    deaf.closeAllConnections();
    deaf.close();
  }
}, 90_000);

test('a service that is not told of a collector sends nothing, and passes its caller’s trace on', async () => {
  const silent = await collectTraces();
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const untraced = await startStack('untraced', undefined, (_name, settings) => ({
    ...settings,
    // An SDK that is loaded in spite of it would send here, and at once.
    OTEL_EXPORTER_OTLP_ENDPOINT: '',
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${silent.url}/v1/traces`,
    OTEL_BSP_SCHEDULE_DELAY: '50',
  }));
  try {
    const url = untraced.url('order-service');
    const { body: order } = await post<PlacedOrder>(`${url}/orders`, orders.good, { traceparent });
    await everyOrderEnded(untraced, 30_000);
    const { body: saga } = await get<{ traceparent: string; links: unknown[] }>(`${url}/sagas/${order.sagaId}`);
    expect(saga.traceparent).toBe(traceparent);
    expect(saga.links).toHaveLength(1);
  } finally {
    await untraced.stop();
    await silent.close();
  }
  expect(silent.requests()).toBe(0);
}, 90_000);

import { SpanKind, SpanStatusCode, trace, type HrTime } from '@opentelemetry/api';
import {
  AlwaysOnSampler,
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import type { HistoryEntry } from '../engine/history.js';
import type { SagaInstance } from '../engine/instance.js';
import type { ObservedCommand } from '../participant/command-observer.js';
import { commandSpans } from './command-spans.js';
import { sagaSpans } from './saga-spans.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const SAMPLED = `00-${TRACE}-${PARENT}-01`;
const STARTED = 1_700_000_000_000;
const NOW = STARTED + 2_500;

const exporter = new InMemorySpanExporter();
const register = () =>
  trace.setGlobalTracerProvider(
    // It would take what is not sampled, if it were asked.
    new BasicTracerProvider({ sampler: new AlwaysOnSampler(), spanProcessors: [new SimpleSpanProcessor(exporter)] }),
  );
beforeEach(register);
afterEach(() => {
  exporter.reset();
  trace.disable();
});

const instance = (given: Partial<SagaInstance> = {}): SagaInstance => ({
  id: 'saga-1',
  sagaName: 'order_saga',
  definitionVersion: 1,
  fingerprint: null,
  status: 'running',
  data: {},
  sequence: 2,
  awaited: null,
  actions: [],
  failure: null,
  lastError: null,
  traceparent: SAMPLED,
  startedAt: STARTED,
  version: 3,
  ...given,
});
const step = (type: HistoryEntry['type'], given: Partial<HistoryEntry> = {}): HistoryEntry => ({
  type,
  step: 'kitchen.create',
  attempt: 2,
  commandId: 'saga-1:2',
  ...given,
});
const save = (given: Partial<SagaInstance>, ...history: HistoryEntry[]) =>
  sagaSpans().saved([{ instance: instance(given), history, decidedAt: NOW }], NOW);

const command = (given: Partial<ObservedCommand> = {}): ObservedCommand => ({
  task: 'kitchen.create',
  commandId: 'saga-1:2',
  sagaId: 'saga-1',
  attempt: 1,
  traceparent: SAMPLED,
  fate: 'success',
  outcome: { kind: 'success', reply: {} },
  ...given,
});

const ms = ([seconds, nanos]: HrTime): number => seconds * 1_000 + nanos / 1e6;
const spans = () =>
  exporter.getFinishedSpans().map((span) => ({
    name: span.name,
    kind: span.kind,
    attributes: span.attributes,
    status: span.status,
    from: ms(span.startTime),
    to: ms(span.endTime),
    parent: span.parentSpanContext?.spanId,
    trace: span.spanContext().traceId,
  }));

test('an attempt that was answered is a span from its beginning to its answer, in the trace of its saga', () => {
  save({}, step('step_succeeded', { tookMs: 40, reply: { secret: 1 } }), step('command_sent'));
  expect(spans()).toEqual([
    {
      name: 'kitchen.create',
      kind: SpanKind.CLIENT,
      attributes: {
        'saga.id': 'saga-1',
        'saga.name': 'order_saga',
        'saga.step': 'kitchen.create',
        'saga.attempt': 2,
        'saga.outcome': 'success',
        'messaging.system': 'rabbitmq',
        'messaging.operation.name': 'publish',
        'messaging.operation.type': 'send',
        'messaging.destination.name': 'saga.commands:kitchen.create',
        'messaging.rabbitmq.destination.routing_key': 'kitchen.create',
        'messaging.message.conversation_id': 'saga-1:2',
      },
      status: { code: SpanStatusCode.UNSET },
      from: NOW - 40,
      to: NOW,
      parent: PARENT,
      trace: TRACE,
    },
  ]);
});

test.each([
  ['step_refused', 'CLOSED', 'refusal', SpanStatusCode.UNSET],
  ['step_failed', 'HANDLER_FAILED', 'error', SpanStatusCode.ERROR],
  ['step_timed_out', 'REPLY_TIMEOUT', 'timeout', SpanStatusCode.ERROR],
] as const)('%s: an error is one, a refusal is none', (type, code, outcome, status) => {
  save({}, step(type, { code, message: 'of a customer', tookMs: 1_000 }));
  const [span] = spans();
  expect(span).toMatchObject({ from: NOW - 1_000, to: NOW, status: { code: status } });
  expect(span!.attributes).toMatchObject({ 'saga.outcome': outcome, 'saga.code': code });
  expect(span!.attributes['error.type']).toBe(status === SpanStatusCode.ERROR ? code : undefined);
  expect(JSON.stringify(span)).not.toContain('customer');
});

test('an attempt of which no duration is known is a moment', () => {
  save({}, step('step_succeeded', { step: 'create_order' }));
  expect(spans()).toMatchObject([{ name: 'create_order', kind: SpanKind.INTERNAL, from: NOW, to: NOW }]);
  expect(Object.keys(spans()[0]!.attributes).filter((name) => name.startsWith('messaging.'))).toEqual([]);
});

test('a saga that ends is a span from its start to its end, once', () => {
  const failure = { step: 'kitchen.create', code: 'CLOSED', message: 'of a customer' };
  save({ status: 'compensated', failure }, { type: 'compensated' });
  save({ status: 'compensated', failure }, { type: 'reply_ignored', commandId: 'saga-1:2', code: 'success' });
  expect(spans()).toMatchObject([
    {
      name: 'order_saga',
      from: STARTED,
      to: NOW,
      parent: PARENT,
      trace: TRACE,
      attributes: {
        'saga.id': 'saga-1',
        'saga.outcome': 'compensated',
        'saga.step': 'kitchen.create',
        'saga.code': 'CLOSED',
      },
    },
  ]);
});

test('a command that was handled is a span as long as its batch, in the trace that it came with', () => {
  const before = Date.now();
  commandSpans().handled(
    [command(), command({ fate: 'error', outcome: { kind: 'error', code: 'HANDLER_FAILED', message: '' } })],
    30,
  );
  const [good, bad] = spans();
  expect(good).toMatchObject({
    name: 'kitchen.create',
    kind: SpanKind.CONSUMER,
    attributes: {
      'messaging.system': 'rabbitmq',
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.name': 'saga.commands:kitchen.create:kitchen.commands',
      'messaging.rabbitmq.destination.routing_key': 'kitchen.create',
      'messaging.message.conversation_id': 'saga-1:2',
      'saga.fate': 'success',
      'saga.attempt': 1,
      'saga.id': 'saga-1',
    },
    status: { code: SpanStatusCode.UNSET },
    parent: PARENT,
    trace: TRACE,
  });
  expect(good!.to - good!.from).toBeCloseTo(30, 3);
  expect(good!.to).toBeGreaterThanOrEqual(before);
  expect(bad).toMatchObject({
    attributes: { 'saga.fate': 'error', 'error.type': 'HANDLER_FAILED' },
    status: { code: SpanStatusCode.ERROR },
  });
});

const untraced = [
  ['is not sampled', `00-${TRACE}-${PARENT}-00`],
  ['is not there', null],
  ['cannot be read', `00-${TRACE}-${PARENT}`],
  ['names no trace', `00-${'0'.repeat(32)}-${PARENT}-01`],
] as const;
test.each(untraced)('there are no spans when the traceparent %s', (_case, traceparent) => {
  save({ traceparent, status: 'completed' }, step('step_succeeded', { tookMs: 40 }), { type: 'completed' });
  commandSpans().handled([command({ traceparent })], 30);
  expect(spans()).toEqual([]);
});

test('without a tracer provider nothing is so much as looked at', () => {
  trace.disable();
  const untouched = new Proxy([], {
    get: () => {
      throw new Error('it was looked at');
    },
  });
  sagaSpans().saved(untouched, NOW);
  commandSpans().handled(untouched, 30);
  register();
  expect(() => commandSpans().handled(untouched, 30)).toThrow('it was looked at');
});

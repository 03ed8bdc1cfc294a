import { trace } from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { pino } from 'pino';
import type { Logger } from 'saga-core';
import { createHttpApp } from './http-app.js';
import { traceparentOf, traceRequests } from './tracing.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const exporter = new InMemorySpanExporter();
afterEach(() => {
  exporter.reset();
  trace.disable();
});

const appWith = (traced: boolean, logger: Logger = pino({ level: 'silent' })) => {
  const app = createHttpApp(logger);
  if (traced) {
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
    traceRequests(app);
  }
  app.get('/things/:id', async (request) => ({ traceparent: traceparentOf(request) }));
  app.get('/broken', async () => {
    throw new Error('broken');
  });
  app.get('/health/live', { schema: { tags: ['health'] } }, async () => 'live');
  app.get('/page', { schema: { hide: true } }, async () => 'page');
  app.get('/events', { config: { endless: true } }, async () => 'events');
  return app;
};
const asked = async (app: ReturnType<typeof appWith>, traceparent?: string) =>
  (await app.inject({ url: '/things/1', headers: { ...(traceparent && { traceparent }) } })).json<{
    traceparent: string | null;
  }>().traceparent;

test('a request is a span that its client is the parent of, and of which what it causes is told', async () => {
  const told = await asked(appWith(true), `00-${TRACE}-${PARENT}-01`);
  const [span] = exporter.getFinishedSpans();
  expect(span).toMatchObject({
    name: 'GET /things/:id',
    parentSpanContext: { traceId: TRACE, spanId: PARENT },
    attributes: { 'http.request.method': 'GET', 'http.route': '/things/:id', 'http.response.status_code': 200 },
  });
  expect(told).toBe(`00-${TRACE}-${span!.spanContext().spanId}-01`);
});

test('a client that has its trace not sampled is heeded; one without a trace, or with nonsense, begins one', async () => {
  const app = appWith(true);
  expect(await asked(app, `00-${TRACE}-${PARENT}-00`)).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`));
  expect(exporter.getFinishedSpans()).toEqual([]);
  for (const traceparent of [undefined, 'nonsense']) expect(await asked(app, traceparent)).toMatch(/^00-.+-01$/);
  expect(exporter.getFinishedSpans().map(({ parentSpanContext }) => parentSpanContext)).toEqual([undefined, undefined]);
});

test('what is not an operation of the API is no span, and what fails is an error', async () => {
  const app = appWith(true);
  for (const url of ['/health/live', '/page', '/events', '/nowhere', '/broken']) await app.inject({ url });
  expect(exporter.getFinishedSpans()).toMatchObject([
    { name: 'GET /broken', status: { code: 2 }, attributes: { 'http.response.status_code': 500, 'error.type': '500' } },
  ]);
});

test('the log line of a traced request names its trace', async () => {
  const lines: string[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  await appWith(true, logger).inject({ url: '/broken', headers: { traceparent: `00-${TRACE}-${PARENT}-01` } });
  expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([{ msg: 'request failed', trace_id: TRACE }]);
});

test('without traces the client’s traceparent is passed on, if it is one', async () => {
  const app = appWith(false);
  expect(await asked(app, `00-${TRACE}-${PARENT}-01`)).toBe(`00-${TRACE}-${PARENT}-01`);
  expect(await asked(app, `00-${TRACE}-${'0'.repeat(16)}-01`)).toBeNull();
  expect(await asked(app)).toBeNull();
});

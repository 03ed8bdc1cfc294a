/**
 * Requests as spans: the roots of what they cause. tracing-sdk.ts sends them; without it they are for nobody, and
 * requests are not looked at.
 */
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Span } from '@opentelemetry/api';
import type { FastifyRequest } from 'fastify';
import { parseTraceparent } from 'saga-core/tracing';
import type { HttpApp } from './http-app.js';

const spans = new WeakMap<FastifyRequest, Span>();

/**
 * Makes a span of each request to a route that is added afterwards and is an operation of the service's API: pages,
 * probes and endless streams are none.
 */
export function traceRequests(app: HttpApp): void {
  const tracer = trace.getTracer('service-kit');
  app.addHook('onRequest', (request, reply, done) => {
    if (!isOperation(request)) return done();
    const { method, url: route = '' } = request.routeOptions;
    const parent = incoming(request);
    const attributes = { 'http.request.method': request.method, 'http.route': route };
    const span = tracer.startSpan(
      `${String(method)} ${route}`,
      { kind: SpanKind.SERVER, attributes },
      parent ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT,
    );
    spans.set(request, span);
    // By the name that OpenTelemetry has for it in log lines.
    reply.log = request.log = request.log.child({ trace_id: span.spanContext().traceId });
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    const span = spans.get(request);
    span?.setAttribute('http.response.status_code', reply.statusCode);
    if (reply.statusCode >= 500)
      span?.setAttribute('error.type', String(reply.statusCode)).setStatus({ code: SpanStatusCode.ERROR });
    span?.end();
    done();
  });
}

/**
 * @returns the traceparent for what a request causes: of its own span, where there is one, and else as its client sent
 *   it; null when there is none that can be read
 */
export function traceparentOf(request: FastifyRequest): string | null {
  const context = spans.get(request)?.spanContext() ?? incoming(request);
  if (!context) return null;
  const { traceId, spanId, traceFlags } = context;
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

function incoming({ headers: { traceparent } }: FastifyRequest) {
  return typeof traceparent === 'string' ? parseTraceparent(traceparent) : null;
}

function isOperation({ routeOptions: { config, schema, url } }: FastifyRequest): boolean {
  const { hide, tags } = (schema ?? {}) as { hide?: boolean; tags?: readonly string[] };
  return url !== undefined && !hide && !config.endless && !tags?.includes('health');
}

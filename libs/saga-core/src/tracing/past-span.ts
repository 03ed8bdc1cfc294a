/** Spans of what has happened already: saga-core tells observers of what is committed. */
import {
  ProxyTracerProvider,
  SpanStatusCode,
  trace,
  type Context,
  type SpanOptions,
  type Tracer,
} from '@opentelemetry/api';

/**
 * @returns the tracer of the provider that this process has registered; undefined when it has none, and spans would be
 *   for nobody
 */
export function registeredTracer(): Tracer | undefined {
  const provider = trace.getTracerProvider();
  return provider instanceof ProxyTracerProvider
    ? provider.getDelegateTracer('saga-core')
    : provider.getTracer('saga-core');
}

interface Past extends Pick<SpanOptions, 'kind' | 'attributes'> {
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly startTime: number;
  readonly endTime: number;
  /** What went wrong, when something did. A code: a message may tell what an order says. */
  readonly error?: string | undefined;
}

/** Makes a span, from beginning to end. */
export function pastSpan(tracer: Tracer, parent: Context, { name, endTime, error, ...options }: Past): void {
  const span = tracer.startSpan(name, options, parent);
  if (error !== undefined)
    span.setAttribute('error.type', error).setStatus({ code: SpanStatusCode.ERROR, message: error });
  span.end(endTime);
}

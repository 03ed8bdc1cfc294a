/** The `traceparent` of W3C trace context, which saga rows and messages carry. */
import {
  isSpanContextValid,
  ROOT_CONTEXT,
  trace,
  TraceFlags,
  type Context,
  type SpanContext,
} from '@opentelemetry/api';

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** @returns what a traceparent says; null when it is none */
export function parseTraceparent(traceparent: string): SpanContext | null {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent) ?? [];
  if (!traceId || !spanId || !flags) return null;
  const context = { traceId, spanId, traceFlags: parseInt(flags, 16), isRemote: true };
  return isSpanContextValid(context) ? context : null;
}

/** @returns the context to make spans in; null when there are none to make: no trace, or one that is not sampled */
export function sampledContext(traceparent: string | null): Context | null {
  const parent = traceparent === null ? null : parseTraceparent(traceparent);
  if (!parent || !(parent.traceFlags & TraceFlags.SAMPLED)) return null;
  return trace.setSpanContext(ROOT_CONTEXT, parent);
}

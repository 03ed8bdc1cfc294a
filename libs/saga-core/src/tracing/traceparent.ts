/** The `traceparent` of W3C trace context as OpenTelemetry's contexts. */
import {
  isSpanContextValid,
  ROOT_CONTEXT,
  trace,
  TraceFlags,
  type Context,
  type SpanContext,
} from '@opentelemetry/api';
import { readTraceparent } from '../contract/traceparent.js';

/** @returns what a traceparent says; null when it is none */
export function parseTraceparent(traceparent: string): SpanContext | null {
  const parsed = readTraceparent(traceparent);
  if (!parsed) return null;
  const context = { ...parsed, isRemote: true };
  return isSpanContextValid(context) ? context : null;
}

/** @returns the context to make spans in; null when there are none to make: no trace, or one that is not sampled */
export function sampledContext(traceparent: string | null): Context | null {
  const parent = traceparent === null ? null : parseTraceparent(traceparent);
  if (!parent || !(parent.traceFlags & TraceFlags.SAMPLED)) return null;
  return trace.setSpanContext(ROOT_CONTEXT, parent);
}

/** The `traceparent` of W3C trace context, which saga rows and messages carry. */

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** What a traceparent says. */
export interface ParsedTraceparent {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
}

/** @returns what a traceparent says; null when it cannot be read */
export function readTraceparent(traceparent: string): ParsedTraceparent | null {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent) ?? [];
  return traceId && spanId && flags ? { traceId, spanId, traceFlags: parseInt(flags, 16) } : null;
}

/**
 * @returns the field by which log lines are found that belong to a trace, named as OpenTelemetry names it; none without
 *   a trace
 */
export function traceFields(traceparent: string | null): { trace_id?: string } {
  const parsed = traceparent === null ? null : readTraceparent(traceparent);
  return parsed ? { trace_id: parsed.traceId } : {};
}

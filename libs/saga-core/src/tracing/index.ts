/**
 * The door of saga-core/tracing: what saga-core does, as spans of OpenTelemetry, for the tracer provider that the
 * process has registered.
 */
export { commandSpans } from './command-spans.js';
export { sagaSpans } from './saga-spans.js';
export { parseTraceparent } from './traceparent.js';

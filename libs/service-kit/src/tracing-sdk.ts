/**
 * OpenTelemetry's SDK, which is imported where traces have somewhere to go, and nowhere else. It reads the standard
 * settings by itself: OTEL_EXPORTER_OTLP_*, OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_SAMPLER,
 * OTEL_BSP_*.
 */
import { diag, DiagLogLevel, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { logSparsely, withTimeout, type Logger } from 'saga-core';
import { CONSTANTS } from './defaults.js';

/**
 * Registers a tracer provider for this process that sends spans in the background. What cannot be sent is lost, with a
 * line in the log.
 *
 * @param service - the name of the service in its traces, unless the environment has another
 * @returns a function that sends what is left, for at most `traceFlushMs`
 */
export function startTracing(service: string, logger: Logger): () => Promise<void> {
  const tell = (reason: string): void =>
    logSparsely(logger, 'warn', { reason: reason.slice(0, MOST_OF_REASON) }, 'traces: something is wrong');
  const ignore = (): void => undefined;
  diag.setLogger(
    { error: tell, warn: tell, info: ignore, debug: ignore, verbose: ignore },
    { logLevel: DiagLogLevel.WARN },
  );
  const provider = new BasicTracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': service, 'process.pid': process.pid }))
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  });
  trace.setGlobalTracerProvider(provider);
  return async () => {
    await withTimeout(provider.shutdown(), CONSTANTS.traceFlushMs, () => undefined);
  };
}

/** A stack trace may be long. */
const MOST_OF_REASON = 300;

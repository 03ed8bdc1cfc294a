/**
 * What an orchestrator does, as spans, made of the histories that it saves: they need nothing that a restart would
 * lose.
 */
import { SpanKind, type Context, type Tracer } from '@opentelemetry/api';
import { ATTEMPT_OUTCOMES, type HistoryEntry } from '../engine/history.js';
import { hasEnded, type SagaInstance } from '../engine/instance.js';
import type { SagaObserver } from '../orchestrator/saga-observer.js';
import { commandAttributes } from './messaging-attributes.js';
import { pastSpan, registeredTracer } from './past-span.js';
import { sampledContext } from './traceparent.js';

/**
 * A span for each attempt of a step once its outcome is known, and one for a saga that has ended, below the traceparent
 * with which the saga was started. An attempt of which no duration is known (a local step, an answer that came in a
 * pause) is a moment.
 *
 * @returns what an orchestrator is given as an observer; it does nothing without a tracer provider, or for a saga whose
 *   trace is not sampled
 */
export function sagaSpans(): SagaObserver {
  return {
    saved: (changes, now) => {
      const tracer = registeredTracer();
      if (!tracer) return;
      for (const { instance, history } of changes) {
        const parent = sampledContext(instance.traceparent);
        if (!parent) continue;
        for (const entry of history) attemptSpan(tracer, parent, instance, entry, now);
        if (hasEnded(instance.status)) sagaSpan(tracer, parent, instance, history, now);
      }
    },
  };
}

function attemptSpan(tracer: Tracer, parent: Context, instance: SagaInstance, entry: HistoryEntry, now: number): void {
  const outcome = ATTEMPT_OUTCOMES[entry.type];
  if (!outcome) return;
  const { step = '', attempt, commandId, code = outcome, tookMs } = entry;
  pastSpan(tracer, parent, {
    name: step,
    kind: tookMs === undefined ? SpanKind.INTERNAL : SpanKind.CLIENT,
    startTime: now - (tookMs ?? 0),
    endTime: now,
    attributes: {
      'saga.id': instance.id,
      'saga.name': instance.sagaName,
      'saga.step': step,
      'saga.outcome': outcome,
      ...(attempt === undefined ? {} : { 'saga.attempt': attempt }),
      // The name of a local step has no dot.
      ...(commandId !== undefined && step.includes('.') ? commandAttributes('publish', step, commandId) : {}),
      ...(outcome === 'success' ? {} : { 'saga.code': code }),
    },
    error: outcome === 'error' || outcome === 'timeout' ? code : undefined,
  });
}

/** An input that ends a saga says so; one that comes later, such as a doubled reply, does not. */
function sagaSpan(
  tracer: Tracer,
  parent: Context,
  { id, sagaName, status, startedAt, failure }: SagaInstance,
  history: readonly HistoryEntry[],
  now: number,
): void {
  if (!history.some(({ type }) => type === status)) return;
  pastSpan(tracer, parent, {
    name: sagaName,
    kind: SpanKind.INTERNAL,
    startTime: Math.min(startedAt ?? now, now),
    endTime: now,
    attributes: {
      'saga.id': id,
      'saga.name': sagaName,
      'saga.outcome': status,
      ...(failure ? { 'saga.step': failure.step, 'saga.code': failure.code } : {}),
    },
  });
}

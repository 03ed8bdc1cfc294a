/** What a participant does with commands, as spans. */
import { SpanKind } from '@opentelemetry/api';
import type { CommandObserver } from '../participant/command-observer.js';
import { commandAttributes } from './messaging-attributes.js';
import { pastSpan, registeredTracer } from './past-span.js';
import { sampledContext } from './traceparent.js';

/**
 * A span for each command, below the traceparent that it came with, as long as its batch took: the commands of a batch
 * share a transaction.
 *
 * @returns what a participant is given as an observer; it does nothing without a tracer provider, or for a command
 *   whose trace is not sampled
 */
export function commandSpans(): CommandObserver {
  return {
    handled: (commands, tookMs) => {
      const tracer = registeredTracer();
      if (!tracer) return;
      const endTime = Date.now();
      for (const { task, commandId, sagaId, attempt, traceparent, fate, outcome } of commands) {
        const parent = sampledContext(traceparent);
        if (!parent) continue;
        pastSpan(tracer, parent, {
          name: task,
          kind: SpanKind.CONSUMER,
          startTime: endTime - tookMs,
          endTime,
          attributes: {
            ...commandAttributes('process', task, commandId),
            'saga.fate': fate,
            'saga.attempt': attempt,
            ...(sagaId === null ? {} : { 'saga.id': sagaId }),
          },
          error: outcome?.kind === 'error' ? outcome.code : undefined,
        });
      }
    },
  };
}

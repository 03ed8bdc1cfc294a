/** What an orchestrator does, counted from the histories that it saves. */
import type { Registry } from 'prom-client';
import { replyAddressOf } from '../contract/routing.js';
import { ATTEMPT_OUTCOMES, type HistoryEntry } from '../engine/history.js';
import type { SagaInstance } from '../engine/instance.js';
import type { SagaObserver } from '../orchestrator/saga-observer.js';
import { batchMetrics } from './batch-metrics.js';
import { SagaLabels } from './bounded-labels.js';
import { SECONDS } from './buckets.js';
import { instrumentsIn } from './instruments.js';

/** What an operator can do, by the entry that says so. */
const OPERATOR = 'operator_';

/**
 * @param registry - where the metrics are; each registry takes them once
 * @returns what an orchestrator is given as an observer
 */
export function sagaMetrics(registry: Registry): SagaObserver {
  const { counter, histogram } = instrumentsIn(registry);
  const started = counter('saga_started_total', 'Sagas that were started and committed by this process.', ['saga']);
  const ended = counter('saga_ended_total', 'Sagas that ended: completed, or compensated.', ['saga', 'outcome']);
  const duration = histogram(
    'saga_duration_seconds',
    'From the start of a saga to its end.',
    ['saga', 'outcome'],
    SECONDS,
  );
  const stuck = counter('saga_stuck_total', 'Sagas that got stuck in a step, and need an operator.', [
    'saga',
    'step',
    'code',
  ]);
  const sent = counter('saga_commands_sent_total', 'Commands sent for the first time, and again (resend).', [
    'saga',
    'step',
    'kind',
  ]);
  const outcomes = counter(
    'saga_step_outcomes_total',
    'What attempts of steps came to: success, refusal, error, or timeout.',
    ['saga', 'step', 'outcome'],
  );
  const latency = histogram(
    'saga_step_duration_seconds',
    'From the decision to send a command to its answer, whatever it was.',
    ['saga', 'step'],
    SECONDS,
  );
  const compensating = counter(
    'saga_compensations_total',
    'Sagas that turned back, by the step and the code of the reason.',
    ['saga', 'step', 'code'],
  );
  const operated = counter('saga_operator_actions_total', 'What operators did.', ['saga', 'action']);
  const idle = counter(
    'saga_idle_replies_total',
    'Messages of reply queues that moved no saga: late or doubled (late), of an unknown saga, of a definition that another process knows, or no reply at all.',
    ['queue', 'why'],
  );

  const labels = new SagaLabels();

  const count = (instance: SagaInstance, entry: HistoryEntry, now: number): void => {
    const { type, tookMs, times = 1 } = entry;
    const { saga, step, code } = labels.of(instance.sagaName, entry.step, entry.code);
    const outcome = ATTEMPT_OUTCOMES[type];
    if (outcome) {
      outcomes.inc({ saga, step, outcome });
      // What was waited for in vain is no answer.
      if (tookMs !== undefined && outcome !== 'timeout') latency.observe({ saga, step }, tookMs / 1_000);
      return;
    }
    switch (type) {
      case 'started':
        return started.inc({ saga });
      case 'command_sent':
        return sent.inc({ saga, step, kind: 'first' });
      case 'command_resent':
        return sent.inc({ saga, step, kind: 'resend' });
      case 'compensating':
        return compensating.inc({ saga, step, code });
      case 'stuck':
        return stuck.inc({ saga, step, code });
      case 'reply_ignored':
        return idle.inc({ queue: replyAddressOf(saga), why: 'late' }, times);
      case 'completed':
      case 'compensated':
        ended.inc({ saga, outcome: type });
        if (instance.startedAt !== null)
          duration.observe({ saga, outcome: type }, Math.max(0, now - instance.startedAt) / 1_000);
        return;
      default:
        if (type.startsWith(OPERATOR)) operated.inc({ saga, action: type.slice(OPERATOR.length) });
    }
  };

  return {
    ...batchMetrics(registry),
    known: (sagas) => labels.add(sagas),
    saved: (changes, now) => {
      for (const { instance, history } of changes) for (const entry of history) count(instance, entry, now);
    },
    idleReply: (queue, why) => idle.inc({ queue, why }),
  };
}

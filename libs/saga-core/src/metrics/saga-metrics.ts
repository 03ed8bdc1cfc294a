/** What an orchestrator does, counted from the histories that it saves. */
import { Counter, Histogram, type Registry } from 'prom-client';
import { ATTEMPT_OUTCOMES, type HistoryEntry } from '../engine/history.js';
import type { SagaInstance } from '../engine/instance.js';
import type { SagaObserver } from '../engine/observer.js';
import { SECONDS } from './buckets.js';

/** What an operator can do, by the entry that says so. */
const OPERATOR = 'operator_';

/**
 * @param registry - where the metrics are; each registry takes them once
 * @returns what an orchestrator is given as an observer
 */
export function sagaMetrics(registry: Registry): SagaObserver {
  const registers = [registry];
  const started = new Counter({
    name: 'saga_started_total',
    help: 'Sagas that were started and committed by this process.',
    labelNames: ['saga'],
    registers,
  });
  const ended = new Counter({
    name: 'saga_ended_total',
    help: 'Sagas that ended: completed, or compensated.',
    labelNames: ['saga', 'outcome'],
    registers,
  });
  const duration = new Histogram({
    name: 'saga_duration_seconds',
    help: 'From the start of a saga to its end.',
    labelNames: ['saga', 'outcome'],
    buckets: SECONDS,
    registers,
  });
  const stuck = new Counter({
    name: 'saga_stuck_total',
    help: 'Sagas that got stuck in a step, and need an operator.',
    labelNames: ['saga', 'step', 'code'],
    registers,
  });
  const sent = new Counter({
    name: 'saga_commands_sent_total',
    help: 'Commands sent for the first time, and again (resend).',
    labelNames: ['saga', 'step', 'kind'],
    registers,
  });
  const outcomes = new Counter({
    name: 'saga_step_outcomes_total',
    help: 'What attempts of steps came to: success, refusal, error, or timeout.',
    labelNames: ['saga', 'step', 'outcome'],
    registers,
  });
  const latency = new Histogram({
    name: 'saga_step_duration_seconds',
    help: 'From the decision to send a command to its answer, whatever it was.',
    labelNames: ['saga', 'step'],
    buckets: SECONDS,
    registers,
  });
  const compensating = new Counter({
    name: 'saga_compensations_total',
    help: 'Sagas that turned back, by the step and the code of the reason.',
    labelNames: ['saga', 'step', 'code'],
    registers,
  });
  const operated = new Counter({
    name: 'saga_operator_actions_total',
    help: 'What operators did.',
    labelNames: ['saga', 'action'],
    registers,
  });
  const idle = new Counter({
    name: 'saga_idle_replies_total',
    help: 'Messages of reply queues that moved no saga: late or doubled (late), of an unknown saga, of a definition that another process knows, or no reply at all.',
    labelNames: ['queue', 'why'],
    registers,
  });

  const count = (instance: SagaInstance, { type, step = '', code = '', tookMs }: HistoryEntry, now: number): void => {
    const saga = instance.sagaName;
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
        return idle.inc({ queue: `${saga}.responses`, why: 'late' });
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
    saved: (changes, now) => {
      for (const { instance, history } of changes) for (const entry of history) count(instance, entry, now);
    },
    idleReply: (queue, why) => idle.inc({ queue, why }),
  };
}

/**
 * What happens to sagas, in the log: each line has the saga's id, its business keys and its trace, and of what it tells
 * the step, the attempt and the command.
 */
import type { Logger } from 'pino';
import { traceFields } from '../contract/traceparent.js';
import type { HistoryEntry, HistoryType } from '../engine/history.js';
import type { SagaInstance } from '../engine/instance.js';
import { logSparsely } from '../util/log-sparsely.js';
import type { SagaObserver } from './saga-observer.js';
import { messageOf } from '../errors.js';
import type { SagaRegistry } from './saga-registry.js';

/** What is told at level info; `stuck` is an error, and all else is for those who debug. */
const NOTABLE: Partial<Record<HistoryType, string>> = {
  step_failed: 'a step has failed',
  step_timed_out: 'a step was not answered in time',
  compensating: 'a saga turns back',
  reply_ignored: 'a reply has no effect',
  operator_retried: 'an operator has retried a step',
  operator_compensated: 'an operator has turned a saga back',
  operator_skipped: 'an operator has skipped a step',
  operator_edited: 'an operator has changed a command',
  operator_accepted: 'an operator has accepted an outcome',
  operator_gave_up: 'an operator has given up a pivot',
};

/** @returns what an orchestrator's log is told */
export function sagaLog<Tx>(logger: Logger, registry: SagaRegistry<Tx>): SagaObserver {
  const fieldsOf = (instance: SagaInstance, { step, attempt, commandId, code, message, by, tookMs }: HistoryEntry) => ({
    sagaId: instance.id,
    ...businessKeys(registry, instance),
    step,
    attempt,
    commandId,
    code,
    detail: message,
    by,
    tookMs,
    ...traceFields(instance.traceparent),
  });
  return {
    saved(changes) {
      const isDebugging = logger.isLevelEnabled('debug');
      for (const { instance, history } of changes)
        for (const entry of history) {
          const notable = NOTABLE[entry.type];
          if (notable) logSparsely(logger, 'info', fieldsOf(instance, entry), notable);
          else if (entry.type === 'stuck')
            logger.error(fieldsOf(instance, entry), 'a saga is stuck and needs an operator');
          else if (isDebugging) logger.debug(fieldsOf(instance, entry), entry.type.replaceAll('_', ' '));
        }
    },
  };
}

/** Whatever a definition makes of its data must not stop the saga. */
function businessKeys<Tx>(registry: SagaRegistry<Tx>, instance: SagaInstance): object {
  try {
    // What it gives is read here, for a member may throw.
    return { ...registry.find(instance)?.logFields?.(instance.data as never) };
  } catch (error) {
    return { logFieldsError: messageOf(error) };
  }
}

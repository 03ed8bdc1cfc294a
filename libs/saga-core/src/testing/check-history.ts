/** Holds the histories of a run against what was seen from outside. */
import type { SagaDefinition } from '../definition/saga.js';
import type { HistoryType } from '../engine/history.js';
import type { StoredSaga } from '../orchestrator/saga-store.js';
import type { RunResult } from './plan.js';
import { describeCommandId, sagaNumber } from './story.js';

const SENDINGS: readonly HistoryType[] = ['command_sent', 'command_resent'];

/** @returns what is wrong with one history: it must tell a legal story */
export function historyViolations(saga: SagaDefinition, { instance, history }: StoredSaga): string[] {
  const entries = history.flatMap((row) => row.entries);
  const first = (type: HistoryType): number => entries.findIndex((entry) => entry.type === type);
  const wrong: string[] = [];
  if (first('started') !== 0) wrong.push('does not begin with its start');
  const end = first(instance.status as HistoryType);
  if (end < 0) wrong.push(`does not tell that it is ${instance.status}`);
  if (entries.slice(end + 1).some(({ type }) => type !== 'reply_ignored')) wrong.push('goes on after its end');
  const turn = first('compensating');
  if (turn >= 0 !== (instance.status === 'compensated')) wrong.push('tells of a compensation that its status does not');
  if (history.some(({ version }, index) => version !== index + 1)) wrong.push('has gaps');
  const pivot = saga.steps.find(({ kind }) => kind === 'pivot')?.name;
  const passed = entries.findIndex(({ type, step }) => type === 'step_succeeded' && step === pivot);
  if (passed >= 0 && turn > passed) wrong.push(`turns back after ${pivot}, after which there is only forward`);
  return wrong.map((what) => `the history of saga ${sagaNumber(instance.id)} ${what}`);
}

/**
 * Only what was committed is published, and no more often: of each publication the history tells, under the same
 * identity.
 */
export function publicationViolations({ sagas, published }: RunResult): string[] {
  const told = new Map<string, number>();
  for (const { history } of sagas)
    for (const { type, commandId, step } of history.flatMap((row) => row.entries))
      if (SENDINGS.includes(type)) told.set(`${commandId} ${step}`, (told.get(`${commandId} ${step}`) ?? 0) + 1);
  return [...published].flatMap(([command, times]) => {
    const [commandId, task] = command.split(' ');
    const committed = told.get(command) ?? 0;
    if (times <= committed) return [];
    return [
      `${task} (${describeCommandId(commandId)}) was published ${times} times; the history tells of ${committed}`,
    ];
  });
}

/** What ends an attempt and leaves the command awaited. */
const FAILURES: readonly HistoryType[] = ['step_failed', 'step_timed_out'];
/** Attempts are counted from 1 again. */
const AFRESH: readonly HistoryType[] = ['operator_retried', 'operator_edited'];

/**
 * Each attempt fails once, however often one hears of it, and no more errors are counted than were answered. An
 * operator has attempts counted anew.
 */
export function attemptViolations({ sagas, errors }: RunResult): string[] {
  return sagas.flatMap(({ history }) => {
    const entries = history.flatMap((row) => row.entries);
    const afresh = new Set(entries.filter(({ type }) => AFRESH.includes(type)).map(({ commandId }) => commandId));
    const failed = new Map<string, string[]>();
    for (const { type, commandId, attempt, code } of entries)
      if (commandId && FAILURES.includes(type) && !afresh.has(commandId))
        failed.set(commandId, [...(failed.get(commandId) ?? []), `${attempt} ${code}`]);
    return [...failed].flatMap(([commandId, failures]) => {
      const attempts = failures.map((failure) => failure.split(' ')[0]);
      const told = failures.filter((failure) => failure.endsWith(' HANDLER_FAILED')).length;
      const answered = errors.get(commandId) ?? 0;
      return [
        ...(new Set(attempts).size < attempts.length
          ? [`an attempt of ${describeCommandId(commandId)} failed twice: ${failures.join(', ')}`]
          : []),
        ...(told > answered
          ? [`${describeCommandId(commandId)} failed ${told} times and was answered with ${answered} errors`]
          : []),
      ];
    });
  });
}

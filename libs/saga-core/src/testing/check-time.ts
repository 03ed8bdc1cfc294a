/** Holds the timers of a run against the time that has passed, whatever the clocks have shown. */
import type { SagaDefinition } from '../definition/saga.js';
import { isRemote, nameOf } from '../definition/step.js';
import type { HistoryEntry, HistoryType } from '../engine/history.js';
import type { RememberedSaga } from './memory-saga-store.js';
import { describeCommandId, inWords, sagaNumber } from './story.js';

/** A process does not know the time better than this. */
const EARLIEST_MS = -150;
/** Processes are dead, stand still or are slow, one after the other; a clock that was set makes it an hour. */
const LATEST_MS = 20 * 60_000;

const DUE: readonly HistoryType[] = ['command_sent', 'command_resent', 'retry_scheduled'];

/** @returns which timers of a saga came too early or too late */
export function timerViolations(saga: SagaDefinition, { instance, history }: RememberedSaga): string[] {
  const wrong: string[] = [];
  const judge = (what: string, due: number, at: number): void => {
    const late = at - due;
    if (late >= EARLIEST_MS && late <= LATEST_MS) return;
    wrong.push(
      `${what} of saga ${sagaNumber(instance.id)} came ${inWords(Math.abs(late))} too ${late < 0 ? 'early' : 'late'}`,
    );
  };
  const timeouts = replyTimeoutsOf(saga);
  /** What each command waits for, and since when. */
  const timers = new Map<string, { readonly type: HistoryType; readonly due: number }>();
  for (const { elapsedAt: at, entries } of history) {
    const isOperated = entries.some(({ type }) => type.startsWith('operator_'));
    for (const entry of entries) {
      const { type, step = '', commandId = '', dueInMs } = entry;
      const timer = timers.get(commandId);
      const ends = type === 'step_timed_out' || (type === 'command_resent' && timer?.type === 'retry_scheduled');
      if (timer && ends && !isOperated) judge(`the timer of ${describeCommandId(commandId)}`, timer.due, at);
      if (isDeadline(entry) && saga.deadlineMs !== null)
        judge('the deadline', history[0]!.elapsedAt + saga.deadlineMs, at);
      if (!DUE.includes(type) || dueInMs === undefined) continue;
      timers.set(commandId, { type, due: at + dueInMs });
      if (type !== 'retry_scheduled' && !(dueInMs >= 0 && dueInMs <= timeouts.get(step)!))
        wrong.push(`saga ${sagaNumber(instance.id)} gives ${step} ${dueInMs} ms to reply`);
    }
  }
  return wrong;
}

const replyTimeoutsOf = (saga: SagaDefinition): ReadonlyMap<string, number> =>
  new Map(
    saga.steps
      .flatMap(({ action, undo }) => [action, ...(undo ? [undo] : [])])
      .filter(isRemote)
      .map((command) => [nameOf(command), command.retry.replyTimeoutMs]),
  );

const isDeadline = ({ type, code }: HistoryEntry): boolean => type === 'compensating' && code === 'SAGA_DEADLINE';

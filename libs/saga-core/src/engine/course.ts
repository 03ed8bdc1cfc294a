/**
 * The course of a saga: forward step by step, back undo by undo, or parked. Invariants kept here:
 * - Unknown is not failed: a step that may have happened is undone as well.
 * - A saga that is late turns back before the pivot, and only goes forward after it.
 * - Nothing ends silently: what cannot be finished is stuck.
 */
import type { SagaDefinition } from '../definition/saga.js';
import { isRemote, nameOf } from '../definition/step.js';
import type { ActionRecord } from './instance.js';
import { dispatch } from './send-command.js';
import { failureOf, problemOf, type Problem, type Turn } from './turn.js';

/** Begins a step, or ends the saga after the last one. */
export function begin<Data, Tx>(turn: Turn<Data, Tx>, step: number): void {
  if (step === turn.definition.steps.length) return end(turn, 'completed');
  if (step > 0 && turn.turnsBackAt <= turn.now) return compensate(turn, lateness(turn));
  issue(turn, step, 'action');
}

/** Undoes what is to be undone, from a step on back to the first. */
export function undoFrom<Data, Tx>(turn: Turn<Data, Tx>, last: number): void {
  const { definition, instance } = turn;
  const [step] = stepsToUndo(definition as SagaDefinition<never, never>, instance.actions, last);
  if (step === undefined) return end(turn, 'compensated');
  issue(turn, step, 'undo');
}

/** Sends the awaited command, or runs it here. One that cannot be built has failed. */
export function proceed<Data, Tx>(turn: Turn<Data, Tx>): void {
  const problem = dispatch(turn);
  if (problem) giveUp(turn, problem);
}

/**
 * The step has failed for good: there is a way back before the pivot is known to have happened, and none after.
 *
 * @param record - whether the history does not say so yet
 */
export function giveUp<Data, Tx>(turn: Turn<Data, Tx>, problem: Problem, record = true): void {
  turn.remember(problem);
  if (record) turn.note({ type: 'step_failed', ...problemOf(problem) });
  if (turn.mustSucceed) return park(turn, problem);
  if (!isRemote(turn.command) || !turn.awaited.mayHaveArrived) turn.settle('without-effect');
  compensate(turn, problem);
}

/** Nothing is tried any more until an operator acts; a late reply counts still. */
export function park<Data, Tx>(turn: Turn<Data, Tx>, problem: Problem): void {
  turn.remember(problem);
  turn.instance.status = 'stuck';
  turn.change({ state: 'parked', until: null });
  turn.note({ type: 'stuck', ...problemOf(problem) });
}

/** Gives the saga up from its awaited step on. */
export function compensate<Data, Tx>(turn: Turn<Data, Tx>, problem: Problem): void {
  const { step, name } = turn.awaited;
  turn.instance.failure = { step: name, code: problem.code, message: problem.message };
  turn.remember(problem);
  turn.instance.status = 'compensating';
  turn.note({ type: 'compensating', ...problemOf(problem) });
  undoFrom(turn, step);
}

/** The same while the step is not done: what failed, and waits to be tried again, needs no undo when it has certainly had no effect. */
export function turnBack<Data, Tx>(turn: Turn<Data, Tx>, problem: Problem): void {
  const { state, mayHaveArrived } = turn.awaited;
  if (state === 'pausing' && (!mayHaveArrived || !isRemote(turn.command))) turn.settle('without-effect');
  compensate(turn, problem);
}

/** @returns why a saga turns back that took too long */
export const lateness = <Data, Tx>({ definition }: Turn<Data, Tx>): Problem =>
  failureOf('SAGA_DEADLINE', `The saga has not come past its pivot within ${definition.deadlineMs} ms`);

/** @returns the indexes of the steps that an undo awaits, in the order in which they are undone, from `last` on */
export function stepsToUndo(
  definition: SagaDefinition<never, never>,
  actions: readonly ActionRecord[],
  last: number,
): number[] {
  return definition.steps
    .map((_step, index) => index)
    .slice(0, last + 1)
    .reverse()
    .filter((index) => {
      const state = actions[index]?.state;
      return definition.steps[index]!.undo !== null && (state === 'succeeded' || state === 'unknown');
    });
}

function end<Data, Tx>({ instance, history }: Turn<Data, Tx>, status: 'completed' | 'compensated'): void {
  instance.status = status;
  instance.awaited = null;
  history.push({ type: status });
}

function issue<Data, Tx>(turn: Turn<Data, Tx>, step: number, direction: 'action' | 'undo'): void {
  const { instance } = turn;
  const { action, undo } = turn.definition.steps[step]!;
  const sequence = ++instance.sequence;
  turn.tookMs = null;
  if (direction === 'action') instance.actions[step] = { sequence, state: 'unknown' };
  instance.awaited = {
    step,
    name: nameOf(direction === 'action' ? action : undo!),
    direction,
    sequence,
    attempt: 1,
    payload: null,
    state: 'sent',
    until: null,
    mayHaveArrived: false,
  };
  proceed(turn);
}

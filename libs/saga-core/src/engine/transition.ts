/**
 * The decision. Invariant kept here: it is pure. No clock, no network, no database; replies, deadlines and operators all go through it. What becomes of
 * each is decided in `apply-outcome`, `apply-deadline` and `apply-operator-action`, on the saga's `course`.
 */
import type { SagaDefinition } from '../definition/saga.js';
import { applyDeadline } from './apply-deadline.js';
import { applyOperatorAction } from './apply-operator-action.js';
import { applyOutcome, applyReply, applyReturn } from './apply-outcome.js';
import { begin } from './course.js';
import type { SagaEvent } from './event.js';
import type { HistoryEntry } from './history.js';
import type { SagaInstance } from './instance.js';
import { Turn, type NextAction } from './turn.js';

export interface Decision<Data, Tx> {
  readonly instance: SagaInstance;
  readonly history: readonly HistoryEntry[];
  /** send: publish after the commit. local: run in this transaction, then come back with `local-outcome`. */
  readonly next: NextAction<Data, Tx> | null;
}

/**
 * @param definition - of the instance's saga and version
 * @param instance - as it was saved
 * @param event - what happened
 * @param now - milliseconds since the epoch, by the database's clock
 * @returns the next instance, what its history gains, and what to do
 * @throws {SagaError} for an operator's action: ACTION_NOT_ALLOWED when the definition does not allow it now, SAGA_MOVED_ON when it was meant for another
 *   version, INVALID_SAGA_DATA for an edited payload that breaks the command's schema
 */
export function transition<Data, Tx>(
  definition: SagaDefinition<Data, Tx>,
  instance: SagaInstance,
  event: SagaEvent,
  now: number,
): Decision<Data, Tx> {
  const turn = new Turn(definition, instance, now);
  apply(turn, event);
  return { instance: turn.instance, history: turn.history, next: turn.next };
}

function apply<Data, Tx>(turn: Turn<Data, Tx>, event: SagaEvent): void {
  switch (event.type) {
    case 'started':
      // Whole milliseconds, as the store gives it back: the deadline must not move.
      turn.instance.startedAt = Math.floor(turn.now);
      turn.history.push({ type: 'started' });
      return begin(turn, 0);
    case 'reply':
      return applyReply(turn, event);
    case 'local-outcome':
      return applyOutcome(turn, event.outcome);
    case 'returned':
      return applyReturn(turn, event.commandId, event.attempt);
    case 'deadline':
      return applyDeadline(turn);
    case 'operator':
      return applyOperatorAction(turn, event.action);
  }
}

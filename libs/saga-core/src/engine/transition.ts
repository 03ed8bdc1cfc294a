/**
 * The decision, as others call it. Invariant kept here: it is pure. No clock, no network, no database; replies, deadlines and
 * operators all go through it.
 */
import type { SagaDefinition } from '../definition/saga.js';
import { decide } from './decide.js';
import { Draft, type NextAction } from './draft.js';
import type { SagaEvent } from './event.js';
import type { HistoryEntry } from './history.js';
import type { SagaInstance } from './instance.js';

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
 * @param now - milliseconds since the epoch, by the sagas' clock
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
  const draft = new Draft(definition, instance, now);
  decide(draft, event);
  return { instance: draft.instance, history: draft.history, next: draft.next };
}

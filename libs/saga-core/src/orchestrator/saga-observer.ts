/** Who is told of what becomes of sagas. */
import type { Logger } from 'pino';
import type { SagaDefinition } from '../definition/saga.js';
import { batchObservers, teller, type BatchObserver } from '../store/batch-observer.js';
import type { SagaChange } from './saga-store.js';

/** Why a message of a reply queue moved no saga. `late` replies stand in their saga's history instead. */
export type IdleReply = 'unknown_saga' | 'other_version' | 'not_a_reply';

/** A saga, by what an observer may want to know of its definition. */
export type ObservedSaga = Pick<SagaDefinition, 'name' | 'version' | 'steps'>;

export interface SagaObserver extends BatchObserver {
  /** Told first: the definitions of the sagas whose instances are going to be told of. */
  known?(sagas: readonly ObservedSaga[]): void;
  /**
   * Instances were saved, with what their histories gained.
   *
   * @param now - milliseconds since the epoch, by the database's clock
   */
  saved(changes: readonly SagaChange[], now: number): void;
  /** A message of a reply queue moved no saga. */
  idleReply?(queue: string, why: IdleReply): void;
}

/** Tells several observers. What one of them throws is logged, and no more. */
export function sagaObservers(observers: readonly SagaObserver[], logger: Logger): Required<SagaObserver> {
  const tell = teller(observers, logger);
  return {
    ...batchObservers(tell),
    known: (sagas) => tell('known', (each) => each.known?.(sagas)),
    saved: (changes, now) => tell('saved', (each) => each.saved(changes, now)),
    idleReply: (queue, why) => tell('idleReply', (each) => each.idleReply?.(queue, why)),
  };
}

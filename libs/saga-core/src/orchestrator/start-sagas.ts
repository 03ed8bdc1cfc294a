import type { SagaDefinition } from '../definition/saga.js';
import { newInstance } from '../engine/instance.js';
import { dataAsSaved } from '../engine/saga-data.js';
import type { SagaSession } from './saga-store.js';
import { SagaError } from '../errors.js';
import { sagaIdOf } from './saga-id.js';
import { advanceStart, type Advanced } from './advance.js';

/** A saga instance to start. */
export interface NewSaga<Data> {
  /** A UUIDv7 of the caller's making; it is known in lower case. */
  readonly id: string;
  readonly data: Data;
  /** W3C trace context, passed on in every command. */
  readonly traceparent?: string;
}

/**
 * Starts instances in the session's transaction: their leading local steps run, they are saved, and they are returned with their first commands for the
 * time after the commit.
 *
 * @param now - milliseconds since the epoch, by the sagas' clock
 * @throws {SagaError} INVALID_SAGA_ID, INVALID_SAGA_DATA, START_REFUSED when a local step refuses, START_FAILED when one throws, DUPLICATE_SAGA.
 *   The caller rolls back.
 */
export async function startSagas<Data, Tx>(
  session: SagaSession<Tx>,
  definition: SagaDefinition<Data, Tx>,
  sagas: readonly NewSaga<Data>[],
  now: number,
): Promise<Advanced> {
  const ids = sagas.map(({ id }) => sagaIdOf(id));
  const inputs = sagas.map(({ data, traceparent }, index) => ({
    definition: definition as unknown as SagaDefinition<unknown, Tx>,
    instance: newInstance(
      definition as unknown as SagaDefinition<never, never>,
      ids[index]!,
      dataAsSaved(definition, data),
      traceparent ?? null,
    ),
    events: [{ type: 'started' } as const],
  }));
  const advanced = await advanceStart(session.tx, inputs, now);
  const refused = advanced.changes.find(({ instance }) => instance.failure !== null);
  if (refused)
    throw new SagaError(
      'START_REFUSED',
      `${refused.instance.failure!.step} refused: ${refused.instance.failure!.message}`,
    );
  await session.insert(advanced.changes);
  return advanced;
}

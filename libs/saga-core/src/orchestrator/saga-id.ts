/**
 * The ids that the public methods take: UUIDs, in either case; known and sent in lower case alone, for a command has
 * one identity.
 */
import { SagaError } from '../errors.js';
import { isUuid } from '../util/uuid.js';

/** @returns the id as it is known. @throws {SagaError} INVALID_SAGA_ID for what is no UUID */
export function sagaIdOf(given: string): string {
  if (typeof given !== 'string' || !isUuid(given))
    throw new SagaError('INVALID_SAGA_ID', `"${String(given).slice(0, 100)}" is no saga's id: a UUID is expected`);
  return given.toLowerCase();
}

/**
 * Invariant: a saga's data passes through JSON and its schema once, where it changes; nothing else is ever seen of it,
 * in this process or in another.
 */
import { isDeepStrictEqual } from 'node:util';
import { asSavedInJsonb } from '../contract/as-saved.js';
import { describeProblems, problemsOf } from '../contract/validation.js';
import type { SagaDefinition } from '../definition/saga.js';
import { messageOf, SagaError } from '../errors.js';
import type { DataChange } from './history.js';

type Schema = Pick<SagaDefinition, 'data'>;

/**
 * @param data - what a saga is started with, or what it has become
 * @returns it as it will be saved, frozen
 * @throws {SagaError} INVALID_SAGA_DATA when JSON cannot say it, or it breaks the saga's schema
 */
export function dataAsSaved<Data>({ data: schema }: Schema, data: Data): Data {
  let saved: Data;
  try {
    saved = asSavedInJsonb(data);
  } catch (thrown) {
    throw new SagaError('INVALID_SAGA_DATA', `The data cannot be saved: ${messageOf(thrown)}`, { cause: thrown });
  }
  const problems = problemsOf(schema, saved);
  if (problems.length > 0)
    throw new SagaError('INVALID_SAGA_DATA', `The data breaks its schema: ${describeProblems(problems)}`);
  return saved;
}

/** Data after a change. */
export interface ChangedData {
  readonly data: unknown;
  /** What the history says of it; null where nothing has changed, and `data` is what it was. */
  readonly change: DataChange | null;
}

/**
 * @param data - as it is saved
 * @param changes - what a step makes of it: members to be put in; those that are undefined are taken out
 * @throws {SagaError} INVALID_SAGA_DATA when they are no members, and what {@link dataAsSaved} throws
 */
export function withChanges(definition: Schema, data: unknown, changes: unknown): ChangedData {
  if (!changes) return { data, change: null };
  if (typeof changes !== 'object' || Array.isArray(changes))
    throw new SagaError('INVALID_SAGA_DATA', 'Changes of the data must be an object of its members');
  const known = data as Record<string, unknown>;
  const next = dataAsSaved(definition, { ...known, ...changes }) as Record<string, unknown>;
  const changed = Object.keys(changes).filter((member) => !isSame(known[member], next[member]));
  if (changed.length === 0) return { data, change: null };
  return { data: next, change: { before: membersOf(known, changed), after: membersOf(next, changed) } };
}

/** Most members are no objects, for which asking in depth takes long. */
const isSame = (a: unknown, b: unknown): boolean => a === b || (typeof a === typeof b && isDeepStrictEqual(a, b));

const membersOf = (data: Record<string, unknown>, names: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(names.filter((name) => Object.hasOwn(data, name)).map((name) => [name, data[name]]));

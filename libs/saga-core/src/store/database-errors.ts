/**
 * What an error of PostgreSQL, or of the way to it, may mean.
 *
 * A code alone is no proof: whatever a handler runs can throw any of them. So these functions are asked only about
 * errors of the library's own statements, and {@link isOutage} asks the database before it concludes that it is away.
 */
import { TransactionBroken } from './run-handler.js';
import { SagaError } from '../errors.js';

const NETWORK_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'EAI_AGAIN',
  'ENOENT',
]);
/**
 * SQLSTATEs which say that the server, not the statement, is the problem: shutting down, starting, read-only, out of
 * something.
 */
const SERVER_STATES = /^(08...|53...|57P0[1-5]|25006|58030|25P0[34])$/;
/** SQLSTATEs of transactions that lost against another one, and may simply be run again. */
const CONFLICT_STATES = /^(40001|40P01|55P03)$/;
/** What pg says without a code when a connection ends or cannot be had. */
const CONNECTION_MESSAGES =
  /connection terminated|connection ended|timeout exceeded when trying to connect|query read timeout|client has encountered a connection error|client was closed|cannot use a pool after calling end|driver has already been destroyed|cached plan must not change/i;
/**
 * What pg's pool says when none of its connections became free in time: what needed one has not begun, so nothing in it
 * is to blame.
 */
const POOL_EXHAUSTED = 'timeout exceeded when trying to connect';
/** A statement that was ended from outside, as by statement_timeout. */
const CANCELLED_STATE = '57014';
/**
 * The database takes no connections for now (`allow_connections false`), or none of this role: it may not sign in, or
 * its password is another while that is changed. These states have other meanings too, but do not end a session for
 * those.
 */
const CLOSED_STATES = /^(55000|28000|28P01)$/;

const codeOf = (error: unknown): string => {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
};

/**
 * @returns whether the error says that the database or the broker is out of reach, or that the connection was lost: the
 *   same call may succeed later
 */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof SagaError) return error.code === 'TRANSPORT_UNAVAILABLE';
  if (typeof error !== 'object' || error === null) return false;
  // Not instanceof: Node's own errors are of another realm where code runs in a context of its own, as in tests.
  const { errors, message } = error as { errors?: unknown; message?: unknown };
  if (Array.isArray(errors) && errors.length > 0) return errors.every(isUnavailable);
  const code = codeOf(error);
  if (CLOSED_STATES.test(code)) return (error as { severity?: unknown }).severity === 'FATAL';
  return (
    NETWORK_CODES.has(code) ||
    SERVER_STATES.test(code) ||
    (typeof message === 'string' && CONNECTION_MESSAGES.test(message))
  );
}

/** SQLSTATEs that the server gives when it has run out of something: each connection would be told the same. */
const EXHAUSTED_STATES = /^(53...|58030)$/;

/**
 * SQLSTATEs that no value causes, but a table that is missing, or a right, or the server's own fault: a statement of
 * the library's fails with them each time, whoever it is for.
 */
const SYSTEMIC_STATES = /^(42...|3F000|XX...)$/;

/**
 * Finds out whether a transaction failed because the database is away, or because of what was done in it. A session
 * also ends because of its transaction: a handler that idles for too long loses it.
 *
 * @param error - what a statement of the library's own failed with
 * @param isReachable - asks the database on another connection, for the tables too that the library needs
 * @returns whether it is away, or had no connection to spare: then nobody is to blame, and all of it is to be tried
 *   again later
 */
export async function isOutage(error: unknown, isReachable: () => Promise<boolean>): Promise<boolean> {
  const cause = causeOf(error);
  if (!isUnavailable(cause) && !SYSTEMIC_STATES.test(codeOf(cause))) return false;
  return EXHAUSTED_STATES.test(codeOf(cause)) || isPoolExhausted(cause) || !(await isReachable());
}

const isPoolExhausted = (error: unknown): boolean =>
  (error as { message?: unknown } | null)?.message === POOL_EXHAUSTED;

/** @returns what a transaction failed with in the end, where it was broken by what was done in it */
export const causeOf = (error: unknown): unknown => (error instanceof TransactionBroken ? error.cause : error);

/**
 * @returns whether a transaction lost against another one: a deadlock, a serialization failure, a lock that was not had
 *   in time.
 */
export const isConflict = (error: unknown): boolean => CONFLICT_STATES.test(codeOf(error));

/** @returns whether a lock was not had within `lock_timeout` */
export const isLockTimeout = (error: unknown): boolean => codeOf(error) === '55P03';

/** @returns whether running the whole transaction again may succeed: unavailability, and conflicts. */
export function isTransient(error: unknown): boolean {
  return isUnavailable(error) || isConflict(error);
}

/**
 * @returns whether a caller may be told to come again: what is transient, and a statement that took too long. A handler
 *   that takes too long may do so
 * each time, so there it is an error like any other.
 */
export function isRetryable(error: unknown): boolean {
  return isTransient(error) || codeOf(error) === CANCELLED_STATE || codeOf(error) === 'SAGA_ROW_HELD';
}

/** @returns whether a unique or primary key refused a row. */
export const isUniqueViolation = (error: unknown): boolean => codeOf(error) === '23505';

/** @returns whether a statement divided by zero: what ours do to fail on purpose. */
export const isDivisionByZero = (error: unknown): boolean => codeOf(error) === '22012';

/** @returns whether the database that the URL names does not exist. */
export const isMissingDatabase = (error: unknown): boolean => codeOf(error) === '3D000';

/**
 * @returns whether a database of that name exists already (two processes may create it at once; then a unique violation
 *   tells).
 */
export const isDuplicateDatabase = (error: unknown): boolean => codeOf(error) === '42P04' || isUniqueViolation(error);

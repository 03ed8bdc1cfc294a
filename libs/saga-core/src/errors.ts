/**
 * The error registry: every error that saga-core throws or puts on the wire has a code that stands here and in
 * docs/errors.md (a test compares the two).
 */

import { abridged } from './util/text.js';

/** Codes of errors thrown at the programmer or the operator. */
export const SAGA_ERROR_CODES = [
  'INVALID_CONTRACT',
  'INVALID_DEFINITION',
  'INVALID_SAGA_DATA',
  'INVALID_SAGA_ID',
  'INVALID_SETTING',
  'UNKNOWN_DEFINITION',
  'DEFINITION_MISSING',
  'DUPLICATE_SAGA',
  'START_REFUSED',
  'START_FAILED',
  'SAGA_NOT_FOUND',
  'ACTION_NOT_ALLOWED',
  'SAGA_MOVED_ON',
  'STALE_INSTANCE',
  'SAGA_ROW_HELD',
  'COMMIT_ROLLED_BACK',
  'DATABASE_TOO_NEW',
  'TRANSPORT_UNAVAILABLE',
  'NOT_PURGED',
  'HANDLER_CONTRACT',
] as const;

/** Codes that a failure reply or a saga's history carries, beside the refusal codes of the contracts. */
export const FAILURE_CODES = [
  'INVALID_COMMAND_ID',
  'INVALID_PAYLOAD',
  'INVALID_REPLY',
  'HANDLER_FAILED',
  'BARRED',
  'COMMAND_EXPIRED',
  'REPLY_TIMEOUT',
  'UNROUTABLE',
  'PUBLICATION_REFUSED',
  'COMMAND_NOT_BUILT',
  'REPLY_NOT_APPLIED',
  'LOCAL_STEP_FAILED',
  'INPUT_NOT_APPLIED',
  'OPERATOR_COMPENSATED',
  'SAGA_DEADLINE',
] as const;

/** Causes under which a message lies in a dead-letter queue, in its `x-cause` header. */
export const DEAD_LETTER_CAUSES = [
  'UNPARSEABLE',
  'UNREADABLE_HEADERS',
  'UNKNOWN_TASK',
  'NO_CORRELATION_ID',
  'NO_REPLY_ADDRESS',
  'REPLY_ADDRESS_REFUSED',
  'TOO_LARGE',
  'NOT_A_REPLY',
  'CRASH_LOOP',
] as const;

export type SagaErrorCode = (typeof SAGA_ERROR_CODES)[number];
export type FailureCode = (typeof FAILURE_CODES)[number];
export type DeadLetterCause = (typeof DEAD_LETTER_CAUSES)[number];

/** An error of saga-core; `code` is stable, `message` says what to do. */
export class SagaError extends Error {
  readonly code: SagaErrorCode;

  constructor(code: SagaErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'SagaError';
    this.code = code;
  }
}

/**
 * Describes whatever was thrown, for a history or the wire: no stack, no class name. It never throws, whatever it is
 * given.
 *
 * @param limit - the most characters
 */
export function messageOf(thrown: unknown, limit = 500): string {
  return abridged(textOf(thrown), limit);
}

/** What is thrown may be anything: an object without a prototype, or one whose members throw when they are read. */
function textOf(thrown: unknown): string {
  try {
    const message: unknown = thrown instanceof Error ? thrown.message : thrown;
    return String(message);
  } catch {
    return 'Something was thrown that has no text';
  }
}

/** What a handler can answer, and what a reply can say. */

/** The business says no. It is final for its command: nothing of the command's effect is kept. */
export interface Refusal {
  readonly kind: 'refusal';
  readonly code: string;
  readonly message: string;
  readonly details?: unknown;
}

/** Something broke. Trying again may help. */
export interface Failure {
  readonly kind: 'error';
  readonly code: string;
  readonly message: string;
  readonly details?: unknown;
}

/** It is done; `reply` is what the contract promises. */
export interface Success<Reply = unknown> {
  readonly kind: 'success';
  readonly reply: Reply;
}

export type Outcome<Reply = unknown> = Success<Reply> | Refusal | Failure;

/**
 * Refuses a command: return it from a handler.
 *
 * @param code - one of the refusal codes of the command's contract
 * @param message - for people; it reaches the caller of the saga
 */
export function refuse<Code extends string>(code: Code, message: string, details?: unknown): Refusal & { code: Code } {
  return details === undefined ? { kind: 'refusal', code, message } : { kind: 'refusal', code, message, details };
}

/** @returns whether a handler's answer is a refusal made by {@link refuse}. */
export function isRefusal(answer: unknown): answer is Refusal {
  return typeof answer === 'object' && answer !== null && (answer as { kind?: unknown }).kind === 'refusal';
}

/** What can be wrong with an order beside what can be wrong with every request. */
import { HttpProblem, PROBLEMS, type Problem, type ProblemKind } from 'service-kit';

const RETRY_AFTER_SECONDS = 2;

export const ORDER_PROBLEMS = {
  keyReused: {
    code: 'IDEMPOTENCY_KEY_REUSED',
    status: 422,
    title: 'The Idempotency-Key belongs to another request',
  },
  keyInUse: {
    code: 'IDEMPOTENCY_KEY_IN_USE',
    status: 503,
    title: 'Another request with the Idempotency-Key is not over',
  },
  outcomeUnknown: {
    code: 'OUTCOME_UNKNOWN',
    status: 503,
    title: 'It is not known whether the order was taken',
  },
} as const satisfies Record<string, ProblemKind>;

/** @returns the problem of a key that came with another body before. */
export function keyReused(): HttpProblem {
  return new HttpProblem(
    ORDER_PROBLEMS.keyReused,
    'This Idempotency-Key came with another body before. Send the same body, or a new key for a new order.',
  );
}

/** @returns the problem of an order of which nothing was kept. */
export function orderNotAccepted(why: string, cause?: unknown): HttpProblem {
  const detail = `The order was not taken: ${why}. Try again.`;
  return new HttpProblem(PROBLEMS.unavailable, detail, { retryAfterSeconds: RETRY_AFTER_SECONDS, cause });
}

/** @returns the problem of a key of which it cannot be found out whether it has an order already. */
export function orderLookupFailed(cause?: unknown): HttpProblem {
  return new HttpProblem(
    PROBLEMS.unavailable,
    'The order was not taken by this request, and whether an earlier one with the same Idempotency-Key has begun it could not be looked up. Send the ' +
      'same request again.',
    { retryAfterSeconds: RETRY_AFTER_SECONDS, cause },
  );
}

/** @returns the problem of a key that another transaction holds for longer than is waited for it. */
export function keyInUse(): HttpProblem {
  return new HttpProblem(
    ORDER_PROBLEMS.keyInUse,
    'Another request with this Idempotency-Key is still being handled. The order was not taken by this request; send the same one again, with the ' +
      'same key, to learn what became of it.',
    { retryAfterSeconds: RETRY_AFTER_SECONDS },
  );
}

/** @returns the problem of an order that came while the system is slow: to take it would make it slower. */
export function overloaded(): HttpProblem {
  return new HttpProblem(
    PROBLEMS.tooManyRequests,
    'The order was not taken: too many others are on their way. Try again, and if this goes on, more slowly.',
    { retryAfterSeconds: RETRY_AFTER_SECONDS },
  );
}

/** The connection was lost during COMMIT, and the order could not be looked up since. Its id is part of the problem. */
export class OutcomeUnknown extends HttpProblem {
  readonly orderId: string;

  constructor(orderId: string, cause: unknown) {
    super(
      ORDER_PROBLEMS.outcomeUnknown,
      `The connection to the database was lost while order ${orderId} was stored. To send the request again is safe with the same ` +
        `Idempotency-Key; without one, see first whether GET /orders/${orderId} finds it.`,
      { retryAfterSeconds: RETRY_AFTER_SECONDS, cause },
    );
    this.orderId = orderId;
  }

  override toJSON(): Problem & { orderId: string } {
    return { ...super.toJSON(), orderId: this.orderId };
  }
}

/** What goes wrong on the operator's routes, as problem details (RFC 9457). */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { isRetryable, messageOf, SagaError, type SagaErrorCode } from 'saga-core';
import type { Problem } from './schemas/index.js';

/** By code; docs/errors.md explains them, and a test compares. */
export const OPERATOR_PROBLEMS = {
  UNAUTHORIZED: { status: 401, title: 'The token is missing or wrong' },
  FORBIDDEN: { status: 403, title: 'This is not for you' },
  EDIT_NOT_ALLOWED: { status: 403, title: 'Editing is switched off' },
  INVALID_REQUEST: { status: 400, title: 'The request breaks its schema' },
  NOT_FOUND: { status: 404, title: 'There is nothing here' },
  SAGA_MOVED_ON: { status: 409, title: 'The saga has moved on' },
  ACTION_NOT_ALLOWED: { status: 409, title: 'The saga cannot do this now' },
  UNKNOWN_DEFINITION: { status: 409, title: 'Another process knows this saga' },
  BULK_OPERATION_RUNNING: { status: 409, title: 'The same bulk operation is not over' },
  INVALID_PAYLOAD: { status: 422, title: "The payload breaks the command's schema" },
  EXPORT_RUNNING: { status: 429, title: 'One export at a time' },
  // Those that a service has as well, under the same codes, for apps that have no answers of their own.
  MALFORMED_REQUEST: { status: 400, title: 'The request cannot be read' },
  PAYLOAD_TOO_LARGE: { status: 413, title: 'The body is too large' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: 'The body is not JSON' },
  SERVICE_UNAVAILABLE: { status: 503, title: 'The service is not available' },
} as const;
export type OperatorProblemCode = keyof typeof OPERATOR_PROBLEMS;

const CODES: Partial<Record<SagaErrorCode, OperatorProblemCode>> = {
  SAGA_NOT_FOUND: 'NOT_FOUND',
  SAGA_MOVED_ON: 'SAGA_MOVED_ON',
  STALE_INSTANCE: 'SAGA_MOVED_ON',
  ACTION_NOT_ALLOWED: 'ACTION_NOT_ALLOWED',
  UNKNOWN_DEFINITION: 'UNKNOWN_DEFINITION',
  INVALID_SAGA_DATA: 'INVALID_PAYLOAD',
  INVALID_SAGA_ID: 'INVALID_REQUEST',
};
/** What Fastify itself says of a request that it cannot read. */
const READING: Readonly<Record<number, OperatorProblemCode>> = {
  400: 'MALFORMED_REQUEST',
  413: 'PAYLOAD_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
};
const RETRY_AFTER_S = 2;

/** Throw it in a route; `message` is for people. */
export class OperatorProblem extends Error {
  readonly code: OperatorProblemCode;
  readonly statusCode: number;

  constructor(code: OperatorProblemCode, message: string) {
    super(message);
    this.name = 'OperatorProblem';
    this.code = code;
    this.statusCode = OPERATOR_PROBLEMS[code].status;
  }

  /** @returns the response's body. */
  toJSON(): Problem {
    const { status, title } = OPERATOR_PROBLEMS[this.code];
    const type = `urn:problem-type:${this.code.toLowerCase().replaceAll('_', '-')}`;
    return { type, title, status, detail: this.message, code: this.code };
  }
}

/** Answers what the operator's routes throw, in any app; what is the app's own is left to it. */
export function answerOperatorProblem(
  error: FastifyError | Error,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const problem = problemFor(error);
  if (!problem) throw error;
  if (problem.code === 'UNAUTHORIZED') void reply.header('www-authenticate', 'Bearer');
  if (problem.statusCode === 503 || problem.statusCode === 429) void reply.header('retry-after', RETRY_AFTER_S);
  if (problem.statusCode === 503) request.log.warn({ reason: messageOf(error), url: request.url }, 'request refused');
  // As text: the schema of a route's answers must not cut it.
  return reply
    .code(problem.statusCode)
    .type('application/problem+json; charset=utf-8')
    .serializer(String)
    .send(JSON.stringify(problem));
}

/** @returns the problem that an error is; null for what the app must answer */
function problemFor(error: FastifyError | Error): OperatorProblem | null {
  if (error instanceof OperatorProblem) return error;
  const code = error instanceof SagaError ? CODES[error.code] : undefined;
  if (code) return new OperatorProblem(code, error.message);
  const { code: ownCode = '', statusCode = 500, validation } = error as Partial<FastifyError>;
  if (validation) return new OperatorProblem('INVALID_REQUEST', error.message);
  // What the app's own validation says, the app tells in its own words; Fastify has only put a code to it.
  const isReading = ownCode.startsWith('FST_ERR_') && ownCode !== 'FST_ERR_VALIDATION';
  const unread = isReading ? READING[statusCode] : undefined;
  if (unread) return new OperatorProblem(unread, error.message);
  return isRetryable(error)
    ? new OperatorProblem('SERVICE_UNAVAILABLE', 'The service cannot reach what it needs at the moment: try again.')
    : null;
}

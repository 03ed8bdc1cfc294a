/** What goes wrong on the operator's routes, as problem details. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { HttpProblem, problemOf, PROBLEMS, sendProblem, type ProblemKind } from 'http-kit';
import { isRetryable, messageOf, SagaError, type SagaErrorCode } from 'saga-core';

/** Beside those that every API has; docs/errors.md explains them, and a test compares. */
export const OPERATOR_PROBLEMS = {
  unauthorized: { code: 'UNAUTHORIZED', status: 401, title: 'The token is missing or wrong' },
  forbidden: { code: 'FORBIDDEN', status: 403, title: 'This is not for you' },
  editNotAllowed: { code: 'EDIT_NOT_ALLOWED', status: 403, title: 'Editing is switched off' },
  sagaMovedOn: { code: 'SAGA_MOVED_ON', status: 409, title: 'The saga has moved on' },
  actionNotAllowed: { code: 'ACTION_NOT_ALLOWED', status: 409, title: 'The saga cannot do this now' },
  unknownDefinition: { code: 'UNKNOWN_DEFINITION', status: 409, title: 'Another process knows this saga' },
  bulkOperationRunning: {
    code: 'BULK_OPERATION_RUNNING',
    status: 409,
    title: 'The same bulk operation is not over',
  },
  invalidPayload: { code: 'INVALID_PAYLOAD', status: 422, title: "The payload breaks the command's schema" },
  exportRunning: { code: 'EXPORT_RUNNING', status: 429, title: 'One export at a time' },
} as const satisfies Record<string, ProblemKind>;

/** What saga-core refuses. */
const KIND_BY_ERROR: Partial<Record<SagaErrorCode, ProblemKind>> = {
  SAGA_NOT_FOUND: PROBLEMS.notFound,
  SAGA_MOVED_ON: OPERATOR_PROBLEMS.sagaMovedOn,
  STALE_INSTANCE: OPERATOR_PROBLEMS.sagaMovedOn,
  ACTION_NOT_ALLOWED: OPERATOR_PROBLEMS.actionNotAllowed,
  UNKNOWN_DEFINITION: OPERATOR_PROBLEMS.unknownDefinition,
  INVALID_SAGA_DATA: OPERATOR_PROBLEMS.invalidPayload,
  INVALID_SAGA_ID: PROBLEMS.invalidRequest,
};
/** What Fastify says of a request that it cannot read. */
const UNREADABLE = new Set([400, 413, 415]);

/**
 * The plugin's error handler: answers what its routes throw, in any app, and leaves the app's own errors to the app.
 */
export function answerOperatorProblem(
  error: FastifyError | Error,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const problem = problemFor(error);
  if (!problem) throw error;
  if (problem.statusCode === 401) void reply.header('www-authenticate', 'Bearer');
  if (problem.statusCode === 503)
    request.log.warn({ reason: messageOf(problem.cause ?? problem), url: request.url }, 'request refused');
  return sendProblem(reply, problem);
}

/** @returns the problem that an error is; null for what the app must answer */
function problemFor(error: FastifyError | Error): HttpProblem | null {
  if (error instanceof HttpProblem) return error;
  const kind = error instanceof SagaError ? KIND_BY_ERROR[error.code] : undefined;
  if (kind) return new HttpProblem(kind, error.message);
  const { code = '', statusCode = 500, validation } = error as Partial<FastifyError>;
  if (validation) return new HttpProblem(PROBLEMS.invalidRequest, error.message);
  // What the app's own validation says, the app tells in its own words; Fastify has only put a code to it.
  const isUnreadable = code.startsWith('FST_ERR_') && code !== 'FST_ERR_VALIDATION' && UNREADABLE.has(statusCode);
  return isUnreadable || isRetryable(error) ? problemOf(error) : null;
}

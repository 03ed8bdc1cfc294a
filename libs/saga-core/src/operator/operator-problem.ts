/** What goes wrong on the operator's routes, as problem details (RFC 9457). */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { SagaError, type SagaErrorCode } from '../errors.js';
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
} as const;
export type OperatorProblemCode = keyof typeof OPERATOR_PROBLEMS;

const CODES: Partial<Record<SagaErrorCode, OperatorProblemCode>> = {
  SAGA_NOT_FOUND: 'NOT_FOUND',
  SAGA_MOVED_ON: 'SAGA_MOVED_ON',
  STALE_INSTANCE: 'SAGA_MOVED_ON',
  ACTION_NOT_ALLOWED: 'ACTION_NOT_ALLOWED',
  UNKNOWN_DEFINITION: 'UNKNOWN_DEFINITION',
  INVALID_SAGA_DATA: 'INVALID_PAYLOAD',
};

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

/** Answers what the operator's routes throw; all else is left to the app. */
export function answerOperatorProblem(
  error: FastifyError | Error,
  _request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const code = error instanceof SagaError ? CODES[error.code] : undefined;
  const problem = code ? new OperatorProblem(code, error.message) : error;
  if (!(problem instanceof OperatorProblem)) throw error;
  if (problem.code === 'UNAUTHORIZED') void reply.header('www-authenticate', 'Bearer');
  // As text: the schema of a route's answers must not cut it.
  return reply
    .code(problem.statusCode)
    .type('application/problem+json; charset=utf-8')
    .serializer(String)
    .send(JSON.stringify(problem));
}

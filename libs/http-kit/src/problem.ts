/**
 * Problem details (RFC 9457): the shape of every error that is answered over HTTP, and the codes that all APIs share.
 */
import { Type, type Static } from '@sinclair/typebox';
import type { FastifyReply } from 'fastify';
import { isRetryable } from 'saga-core';

/** The media type of problem details. */
export const PROBLEM_JSON = 'application/problem+json; charset=utf-8';

/** What a client that got 503 is told to wait. */
export const RETRY_AFTER_SECONDS = 2;

/** One kind of problem. Its code is stable: programs may rely on it. */
export interface ProblemKind {
  readonly code: string;
  readonly status: number;
  readonly title: string;
}

/** The problems that every API can have. Each adds kinds of its own beside them. */
export const PROBLEMS = {
  invalidRequest: { code: 'INVALID_REQUEST', status: 400, title: 'The request breaks its schema' },
  malformedRequest: { code: 'MALFORMED_REQUEST', status: 400, title: 'The request cannot be read' },
  crossSite: { code: 'CROSS_SITE_REQUEST', status: 403, title: 'A page of another site asks for this' },
  notFound: { code: 'NOT_FOUND', status: 404, title: 'There is nothing here' },
  methodNotAllowed: {
    code: 'METHOD_NOT_ALLOWED',
    status: 405,
    title: 'There is something here, but not for this method',
  },
  requestTimeout: { code: 'REQUEST_TIMEOUT', status: 408, title: 'The request took too long to come' },
  tooLarge: { code: 'PAYLOAD_TOO_LARGE', status: 413, title: 'The body is too large' },
  unsupportedMediaType: { code: 'UNSUPPORTED_MEDIA_TYPE', status: 415, title: 'The body is not JSON in UTF-8' },
  tooManyRequests: { code: 'TOO_MANY_REQUESTS', status: 429, title: 'Too many requests' },
  headersTooLarge: { code: 'REQUEST_HEADERS_TOO_LARGE', status: 431, title: 'The headers are too large' },
  internalError: { code: 'INTERNAL_ERROR', status: 500, title: 'The service failed' },
  unavailable: { code: 'SERVICE_UNAVAILABLE', status: 503, title: 'The service is not available' },
} as const satisfies Record<string, ProblemKind>;

/** The body of every error response, for the documentation of routes. */
export const ProblemSchema = Type.Object(
  {
    type: Type.String({ description: 'Names the kind of problem.' }),
    title: Type.String({ description: 'The kind of problem, for people.' }),
    status: Type.Integer({ description: 'The HTTP status.' }),
    detail: Type.String({ description: 'What is wrong this time, for people.' }),
    code: Type.String({ description: 'The kind of problem, for programs.' }),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          name: Type.String({ description: 'The field, as a dotted path.' }),
          path: Type.String({ description: 'The part of the request, and the JSON pointer in it: body/items/0/name.' }),
          message: Type.String({ description: 'What is wrong with it.' }),
        }),
        { description: 'Each wrong field of a request that breaks its schema.' },
      ),
    ),
  },
  { description: 'Problem details, RFC 9457.', additionalProperties: true },
);

export type Problem = Static<typeof ProblemSchema>;
export type FieldError = NonNullable<Problem['errors']>[number];

/** Throw it in a route: the error handler answers it. */
export class HttpProblem extends Error {
  readonly kind: ProblemKind;
  readonly statusCode: number;
  readonly errors: readonly FieldError[] | undefined;
  readonly retryAfterSeconds: number | undefined;

  /**
   * @param detail - what is wrong this time, for people
   * @param options.errors - each wrong field of the request
   * @param options.retryAfterSeconds - when to try again, for the Retry-After header
   */
  constructor(
    kind: ProblemKind,
    detail: string,
    options: { errors?: readonly FieldError[]; retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(detail, { cause: options.cause });
    this.name = 'HttpProblem';
    this.kind = kind;
    this.statusCode = kind.status;
    this.errors = options.errors;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  /** @returns the response's body. */
  toJSON(): Problem {
    const { code, status, title } = this.kind;
    const type = `urn:problem-type:${code.toLowerCase().replaceAll('_', '-')}`;
    return { type, title, status, detail: this.message, code, ...(this.errors && { errors: [...this.errors] }) };
  }
}

const KIND_BY_STATUS = new Map<number, ProblemKind>(
  [
    PROBLEMS.malformedRequest,
    PROBLEMS.notFound,
    PROBLEMS.tooLarge,
    PROBLEMS.unsupportedMediaType,
    PROBLEMS.tooManyRequests,
  ].map((kind) => [kind.status, kind]),
);

/**
 * @param thrown - whatever a route, a plugin or Fastify threw
 * @returns what the client is told about it: nothing of what is inside for errors that are not the client's
 */
export function problemOf(thrown: unknown): HttpProblem {
  if (thrown instanceof HttpProblem) return thrown;
  const status = statusOf(thrown);
  if (status === 503 || isRetryable(thrown))
    return new HttpProblem(PROBLEMS.unavailable, 'The service cannot reach what it needs at the moment: try again.', {
      retryAfterSeconds: RETRY_AFTER_SECONDS,
      cause: thrown,
    });
  if (thrown instanceof Error && status >= 400 && status < 500)
    return new HttpProblem(
      KIND_BY_STATUS.get(status) ?? { code: 'REQUEST_REFUSED', status, title: 'The request was refused' },
      thrown.message,
    );
  return new HttpProblem(PROBLEMS.internalError, 'The service failed; its log says why.', { cause: thrown });
}

function statusOf(thrown: unknown): number {
  const status = thrown instanceof Error ? (thrown as Error & { statusCode?: unknown }).statusCode : undefined;
  return typeof status === 'number' ? status : 500;
}

/** Answers a request with a problem. */
export function sendProblem(reply: FastifyReply, problem: HttpProblem): FastifyReply {
  if (problem.retryAfterSeconds !== undefined) void reply.header('retry-after', problem.retryAfterSeconds);
  // As text: the schema of a route's answers must not cut it.
  return reply.code(problem.statusCode).type(PROBLEM_JSON).serializer(String).send(JSON.stringify(problem));
}

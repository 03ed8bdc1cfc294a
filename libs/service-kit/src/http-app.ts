/** The HTTP side of a service: Fastify, with one way to validate and one way to say that something is wrong. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import {
  fastify,
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type RawServerDefault,
} from 'fastify';
import type { Logger } from 'saga-core';
import { DEFAULTS } from './defaults.js';
import { drainRequests } from './drain-requests.js';
import { HttpProblem, problemOf, PROBLEMS } from './problem.js';
import { compileValidator } from './request-validation.js';

/** A Fastify app whose routes infer their types from TypeBox schemas. */
export type HttpApp = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

const PROBLEM_JSON = 'application/problem+json; charset=utf-8';

/**
 * Builds an app without routes, which does not listen yet: routes are added to it, tests `inject` into it.
 * When it closes, it lets requests in hand finish; a route whose answer has no end sets `config: { endless: true }` and is cut.
 */
export function createHttpApp(logger: Logger): HttpApp {
  const loggerInstance: FastifyBaseLogger = logger;
  const app = fastify({
    loggerInstance,
    // Two lines for each request are two too many under load.
    logController: new LogController({ disableRequestLogging: !logger.isLevelEnabled('debug') }),
    bodyLimit: DEFAULTS.bodyLimitBytes,
    forceCloseConnections: true,
    // drainRequests answers them, with problem details.
    return503OnClosing: false,
    clientErrorHandler: answerUnreadable,
    frameworkErrors: (error, request, reply) => void answerProblem(error, request, reply as FastifyReply),
  });
  // Only JSON is understood; Fastify would take plain text for a body as well.
  app.removeContentTypeParser('text/plain');
  app.setValidatorCompiler(compileValidator);
  app.setErrorHandler(answerProblem);
  app.setNotFoundHandler((request, reply) =>
    answerProblem(new HttpProblem(PROBLEMS.notFound, `There is no ${request.method} ${request.url}.`), request, reply),
  );
  drainRequests(app);
  return app.withTypeProvider<TypeBoxTypeProvider>();
}

function answerProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = problemOf(error);
  const status = problem.statusCode;
  if (status === 500) request.log.error({ err: error, method: request.method, url: request.url }, 'request failed');
  if (status === 503 && problem.cause)
    request.log.warn({ reason: messageOf(problem.cause), url: request.url }, 'request turned away');
  if (problem.retryAfterSeconds !== undefined) void reply.header('retry-after', problem.retryAfterSeconds);
  // As text: the schema of a route's answers must not cut it.
  return reply.code(status).type(PROBLEM_JSON).serializer(String).send(JSON.stringify(problem));
}

/** Answers what is not HTTP at all; there is no request to answer yet, only a socket. */
function answerUnreadable(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
  const body = JSON.stringify(
    new HttpProblem(PROBLEMS.malformedRequest, 'This is not an HTTP request that can be read.'),
  );
  const head = `HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-type: ${PROBLEM_JSON}\r\ncontent-length: ${Buffer.byteLength(body)}`;
  socket.end(`${head}\r\n\r\n${body}`);
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

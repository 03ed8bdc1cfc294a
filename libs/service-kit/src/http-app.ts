/** The HTTP side of a service: Fastify, with one way to validate and one way to say that something is wrong. */
import type { IncomingMessage, ServerResponse } from 'node:http';
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
import { compileValidator, HttpProblem, problemOf, PROBLEMS, sendProblem } from 'http-kit';
import { messageOf, type Logger } from 'saga-core';
import { answerOtherMethods } from './allowed-methods.js';
import { limitConnections } from './connection-limits.js';
import { refuseCrossSite } from './cross-site.js';
import { CONSTANTS } from './defaults.js';
import { drainRequests } from './drain-requests.js';
import { readJsonAlone } from './json-body.js';
import { sendSecurityHeaders } from './security-headers.js';
import { answerUnreadable } from './unreadable-request.js';

/** A Fastify app whose routes infer their types from TypeBox schemas. */
export type HttpApp = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;
/** Of any route, for functions that several share. */
export type HttpRequest = FastifyRequest;
export type HttpReply = FastifyReply;

/** How long a request may take to come, and what may stand open meanwhile: see CONSTANTS. */
type HttpLimits = Readonly<Record<'requestTimeoutMs' | 'requestCheckMs' | 'maxIdleConnections', number>>;

/**
 * Builds an app without routes, which does not listen yet: routes are added to it, tests `inject` into it. When it
 * closes, it lets requests in hand finish; a route whose answer has no end sets `config: { endless: true }` and is cut.
 */
export function createHttpApp(logger: Logger, limits: HttpLimits = CONSTANTS): HttpApp {
  const loggerInstance: FastifyBaseLogger = logger;
  const app = fastify({
    loggerInstance,
    // Two lines for each request are two too many under load.
    logController: new LogController({ disableRequestLogging: !logger.isLevelEnabled('debug') }),
    bodyLimit: CONSTANTS.bodyLimitBytes,
    // Without these, who sends a byte now and then is served for ever.
    requestTimeout: limits.requestTimeoutMs,
    http: { headersTimeout: limits.requestTimeoutMs, connectionsCheckingInterval: limits.requestCheckMs },
    forceCloseConnections: true,
    // drainRequests answers them, with problem details.
    return503OnClosing: false,
    clientErrorHandler: answerUnreadable,
    frameworkErrors: (error, request, reply) => void answerProblem(error, request, reply as FastifyReply),
  });
  limitConnections(app.server, limits.maxIdleConnections);
  sendSecurityHeaders(app);
  refuseCrossSite(app);
  readJsonAlone(app);
  app.setValidatorCompiler(compileValidator);
  app.setErrorHandler(answerProblem);
  app.setNotFoundHandler((request, reply) =>
    answerProblem(new HttpProblem(PROBLEMS.notFound, `There is no ${request.method} ${request.url}.`), request, reply),
  );
  drainRequests(app);
  answerOtherMethods(app);
  return app.withTypeProvider<TypeBoxTypeProvider>();
}

function answerProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = problemOf(error);
  const status = problem.statusCode;
  if (status === 500) request.log.error({ err: error, method: request.method, url: request.url }, 'request failed');
  if (status === 503 && problem.cause)
    request.log.warn({ reason: messageOf(problem.cause), url: request.url }, 'request refused');
  return sendProblem(reply, problem);
}

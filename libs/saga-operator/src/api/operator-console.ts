/** A Fastify plugin for the app of any orchestrator, at any prefix: the API and the console to see and steer sagas. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { compileValidator } from 'http-kit';
import { requireToken } from './require-token.js';
import { auditRoutes } from './audit-routes.js';
import { bulkRoutes } from './bulk-routes.js';
import { deadLetterRoutes } from './dead-letter-routes.js';
import { eventRoutes } from './event-routes.js';
import { listRoutes } from './list-routes.js';
import { answerOperatorProblem } from './operator-problems.js';
import type { OperatorConsoleOptions } from './options.js';
import { pageRoutes } from './page-routes.js';
import { refuseUnstorable } from './refuse-unstorable.js';
import { nameProblemSchema } from './response-docs.js';
import { sagaRoutes } from './saga-routes.js';

export const operatorConsole: FastifyPluginAsyncTypebox<OperatorConsoleOptions> = async (app, options) => {
  if (options.token === null)
    app.log.warn('OPERATOR_TOKEN is not set: the routes with which operators see and steer sagas are closed');
  app.setErrorHandler(answerOperatorProblem);
  // An app that validates by a schema compiler of its own does so here too.
  if (!app.validatorCompiler) app.setValidatorCompiler(compileValidator);
  // A prefix is that of this plugin: given on, Fastify would add it once more.
  const parts = { ...options, prefix: '' };
  // Beside what the token is for: a browser must have the page to ask for it.
  nameProblemSchema(app);
  await app.register(pageRoutes, parts);
  await app.register(guardedRoutes, parts);
};

const guardedRoutes: FastifyPluginAsyncTypebox<OperatorConsoleOptions> = async (app, options) => {
  app.addHook('onRequest', requireToken(options.token, app.log));
  app.addHook('preHandler', refuseUnstorable);
  await app.register(listRoutes, options);
  await app.register(sagaRoutes, options);
  await app.register(eventRoutes, options);
  await app.register(auditRoutes, options);
  await app.register(bulkRoutes, options);
  const { deadLetters } = options;
  if (deadLetters) await app.register(deadLetterRoutes, { ...options, deadLetters });
};

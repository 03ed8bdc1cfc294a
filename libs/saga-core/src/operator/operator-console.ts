/**
 * See and steer every saga over HTTP: a Fastify plugin for the app of any orchestrator. Its routes are the operator's alone; see access.ts.
 */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Orchestrator } from '../orchestrator/orchestrator.js';
import type { Database } from '../store/database.js';
import { operatorAccess } from './access.js';
import { eventRoutes } from './event-routes.js';
import { listRoutes } from './list-routes.js';
import { answerOperatorProblem } from './operator-problem.js';
import { pageRoutes, type ConsolePage } from './page-routes.js';
import type { LinkTemplate } from './saga-detail.js';
import { sagaRoutes } from './saga-routes.js';

export interface OperatorConsoleOptions {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- any database: only saga-core's own tables are read
  readonly orchestrator: Pick<Orchestrator<any>, 'definitions' | 'stored' | 'operate' | 'isReady'>;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the same
  readonly database: Database<any>;
  /** What clients must send as `Authorization: Bearer <token>`; null lets in clients on this machine alone. */
  readonly token: string | null;
  /** Shown with each saga. */
  readonly links?: readonly LinkTemplate[];
  /** Whether the payload of a command may be changed; false unless given. */
  readonly allowEdit?: boolean;
  /** Finds sagas by a business id, such as an order's, so that `q` finds them quickly. */
  readonly findSagas?: (businessId: string) => Promise<readonly string[]>;
  /** What the page at the plugin's prefix is called, and what can be started from it. */
  readonly page?: ConsolePage;
}

export const operatorConsole: FastifyPluginAsyncTypebox<OperatorConsoleOptions> = async (app, options) => {
  if (options.token === null)
    app.log.warn('OPERATOR_TOKEN is not set: sagas can be seen and steered from this machine alone');
  app.setErrorHandler(answerOperatorProblem);
  // Before the hook, which is not for it: a browser must have the page to be asked for the token.
  await app.register(pageRoutes, options);
  app.addHook('onRequest', operatorAccess(options.token));
  await app.register(listRoutes, options);
  await app.register(sagaRoutes, options);
  await app.register(eventRoutes, options);
};

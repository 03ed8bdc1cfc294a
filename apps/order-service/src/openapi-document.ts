/** The OpenAPI document without a service that runs: what it describes hangs on schemas alone. */
import { operatorConsole } from 'saga-operator';
import { createHttpApp, createLogger, healthRoutes, metricsRoutes } from 'service-kit';
import { documentApi } from './openapi.js';
import { orderRoutes } from './orders/order-routes.js';
import { Order } from './orders/order-schemas.js';

/** @returns the document that a running order-service has at /openapi.json */
export async function openApiDocument(): Promise<object> {
  const app = createHttpApp(await createLogger('order-service', 'silent'));
  // Nothing is asked of them: the routes are described, and never called.
  const uncalled = {} as never;
  await documentApi(app, { Order });
  orderRoutes(app, uncalled, uncalled, uncalled);
  await app.register(operatorConsole, {
    orchestrator: { definitions: [], isReady: () => false } as never,
    database: uncalled,
    deadLetters: uncalled,
    token: 'nobody calls',
  });
  healthRoutes(app, uncalled);
  metricsRoutes(app, uncalled);
  await app.ready();
  const document = app.swagger();
  await app.close();
  return document;
}

/** The OpenAPI document without a service that runs: what it describes hangs on schemas alone. */
import { SagaViewSchema } from 'saga-core';
import { createHttpApp, createLogger, healthRoutes } from 'service-kit';
import { documentApi } from './openapi.js';
import { orderRoutes } from './orders/order-routes.js';
import { Order } from './orders/order-schemas.js';
import { sagaRoutes } from './sagas/saga-routes.js';

/** @returns the document that a running order-service has at /openapi.json */
export async function openApiDocument(): Promise<object> {
  const app = createHttpApp(await createLogger('order-service', 'silent'));
  // Nothing is asked of them: the routes are described, and never called.
  const uncalled = {} as never;
  await documentApi(app, { Order, Saga: SagaViewSchema });
  orderRoutes(app, uncalled, uncalled, uncalled);
  sagaRoutes(app, uncalled);
  healthRoutes(app, uncalled);
  await app.ready();
  const document = app.swagger();
  await app.close();
  return document;
}

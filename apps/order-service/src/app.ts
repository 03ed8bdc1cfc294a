/** The parts of order-service, put together; main.ts runs them. */
import { createOrchestrator, orchestratorMigrations, SAGA_MIGRATION_TABLE, SagaViewSchema } from 'saga-core';
import type { HttpApp, Service, ServiceContext, ServiceDefinition } from 'service-kit';
import { createOrderSaga } from './create-order-saga/create-order-saga.js';
import type { OrderDatabase } from './database.js';
import { orderMigrations } from './migrations/index.js';
import { documentApi } from './openapi.js';
import { orderFinder } from './orders/order-queries.js';
import { orderIntake } from './orders/order-intake.js';
import { orderRoutes } from './orders/order-routes.js';
import { Order } from './orders/order-schemas.js';
import { sagaRoutes } from './sagas/saga-routes.js';

function build({ database, transport, logger }: ServiceContext<OrderDatabase>): Service {
  const orchestrator = createOrchestrator<OrderDatabase>({ sagas: [createOrderSaga], database, transport, logger });
  return {
    worker: {
      start: async () => orchestrator.run(),
      stop: () => orchestrator.stop(),
      isReady: () => orchestrator.isReady(),
    },
    routes: async (app: HttpApp) => {
      await documentApi(app, { Order, Saga: SagaViewSchema });
      const takeOrder = orderIntake({ database, orchestrator, transport, logger });
      const findOrder = orderFinder(database);
      orderRoutes(app, database, takeOrder, { findOrder, orchestrator });
      sagaRoutes(app, orchestrator);
    },
  };
}

export const orderService: ServiceDefinition<OrderDatabase> = {
  name: 'order-service',
  defaultPort: 8081,
  migrations: { [SAGA_MIGRATION_TABLE]: orchestratorMigrations, app_migration: orderMigrations },
  build,
};

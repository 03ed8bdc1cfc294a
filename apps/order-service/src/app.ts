/** The parts of order-service, put together; order-service.ts runs them. */
import { Type } from '@sinclair/typebox';
import {
  createOrchestrator,
  DAY_MS,
  DEFAULTS,
  orchestratorMigrations,
  purgeLoop,
  SAGA_MIGRATION_TABLE,
} from 'saga-core';
import { deadLetterGauge, sagaGauges, sagaMetrics } from 'saga-core/metrics';
import { operatorConsole } from 'saga-operator';
import { sagaSpans } from 'saga-core/tracing';
import {
  retentionMs,
  retentionSetting,
  type HttpApp,
  type Service,
  type ServiceContext,
  type ServiceDefinition,
} from 'service-kit';
import { asyncApi } from './asyncapi.js';
import { createOrderSagas } from './create-order-saga/create-order-saga.js';
import type { OrderDatabase } from './database.js';
import { orderMigrations } from './migrations/index.js';
import { documentApi } from './openapi.js';
import { listOrders, orderFinder } from './orders/order-queries.js';
import { orderIntake } from './orders/order-intake.js';
import { orderRoutes } from './orders/order-routes.js';
import { Order } from './orders/order-schemas.js';
import { ORDER_SCENARIOS } from './orders/order-scenarios.js';
import { purgeKeys } from './orders/purge-keys.js';
import { linkSettings, sagaLinks } from './sagas/saga-links.js';
import { sagasOfOrder } from './sagas/sagas-of-order.js';

/** Far longer than any client tries again. */
const KEY_RETENTION_MS = 30 * DAY_MS;

const settings = {
  SAGA_RETENTION_DAYS: retentionSetting('an ended saga', DEFAULTS.sagaRetentionMs),
  IDEMPOTENCY_KEY_RETENTION_DAYS: retentionSetting('an Idempotency-Key', KEY_RETENTION_MS),
  OPERATOR_TOKEN: Type.Optional(
    Type.String({ minLength: 16, writeOnly: true, description: 'what operators send, at least 16 characters' }),
  ),
  OPERATOR_MAY_EDIT: Type.Boolean({ default: false, description: 'true or false' }),
  LIMIT_IN_FLIGHT: Type.Boolean({ default: DEFAULTS.limitInFlight, description: 'true or false' }),
  ...linkSettings,
};

/** The id of none. */
const NO_SAGA = '00000000-0000-0000-0000-000000000000';

function build(context: ServiceContext<OrderDatabase, typeof settings>): Service {
  const { database, transport, logger, metrics } = context;
  const { SAGA_RETENTION_DAYS, IDEMPOTENCY_KEY_RETENTION_DAYS, OPERATOR_TOKEN, OPERATOR_MAY_EDIT, LIMIT_IN_FLIGHT } =
    context.settings;
  const orchestrator = createOrchestrator<OrderDatabase>({
    sagas: createOrderSagas,
    database,
    transport,
    logger,
    settings: { sagaRetentionMs: retentionMs(SAGA_RETENTION_DAYS), limitInFlight: LIMIT_IN_FLIGHT },
    observers: [sagaMetrics(metrics), sagaSpans()],
  });
  sagaGauges(database, metrics);
  deadLetterGauge(transport.deadLetters, orchestrator, metrics);
  const stopping = new AbortController();
  let keysPurged: Promise<void> = Promise.resolve();
  return {
    worker: {
      start: async () => {
        await orchestrator.run();
        const keyRetentionMs = retentionMs(IDEMPOTENCY_KEY_RETENTION_DAYS);
        const { signal } = stopping;
        keysPurged = purgeLoop(keyRetentionMs, (...bounds) => purgeKeys(database, ...bounds), { signal, logger });
      },
      stop: async () => {
        stopping.abort();
        await Promise.all([orchestrator.stop(), keysPurged]);
      },
      isReady: () => orchestrator.isReady(),
      notReadyBecause: () => orchestrator.notReadyBecause(),
    },
    probe: async () => {
      const [newest] = (await listOrders(database, { limit: 1, olderThan: null })).orders;
      await orchestrator.find(newest?.sagaId ?? NO_SAGA);
    },
    routes: async (app: HttpApp) => {
      await documentApi(app, { Order });
      const takeOrder = orderIntake({ database, orchestrator, transport, logger });
      const findOrder = orderFinder(database);
      orderRoutes(app, database, takeOrder, { findOrder, orchestrator });
      await app.register(operatorConsole, {
        orchestrator,
        database,
        deadLetters: transport.deadLetters,
        token: OPERATOR_TOKEN ?? null,
        links: sagaLinks(context.settings),
        allowEdit: OPERATOR_MAY_EDIT,
        findSagas: (orderId: string) => sagasOfOrder(database, orderId),
        page: { title: 'Orders', tryIt: ORDER_SCENARIOS },
      });
    },
  };
}

export const orderService: ServiceDefinition<OrderDatabase, typeof settings> = {
  name: 'order-service',
  defaultPort: 8081,
  settings,
  asyncApi,
  migrations: { [SAGA_MIGRATION_TABLE]: orchestratorMigrations, app_migration: orderMigrations },
  build,
};

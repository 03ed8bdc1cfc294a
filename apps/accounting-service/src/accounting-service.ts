import { accountingService } from 'messages';
import { runParticipant } from 'service-kit';
import { authorizationRoutes } from './authorizations/authorization-routes.js';
import { commandHandlers } from './command-handlers.js';
import type { Database } from './database.js';
import { migrations } from './migrations/index.js';
import { seed } from './seed.js';

/** Runs accounting-service. @returns once it handles commands */
export async function run(): Promise<void> {
  await runParticipant<typeof accountingService, Database>({
    name: 'accounting-service',
    defaultPort: 8084,
    service: accountingService,
    handlers: commandHandlers,
    logFields: ({ orderId }) => ({ orderId }),
    migrations,
    seed,
    routes: authorizationRoutes,
  });
}

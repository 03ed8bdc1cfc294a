import { consumerService } from 'messages';
import { runParticipant } from 'service-kit';
import { commandHandlers } from './command-handlers.js';
import { consumerRoutes } from './consumers/consumer-routes.js';
import type { Database } from './database.js';
import { migrations } from './migrations/index.js';
import { seed } from './seed.js';

/** Runs consumer-service. @returns once it handles commands */
export async function run(): Promise<void> {
  await runParticipant<typeof consumerService, Database>({
    name: 'consumer-service',
    defaultPort: 8082,
    service: consumerService,
    handlers: commandHandlers,
    logFields: ({ orderId }) => ({ orderId }),
    migrations,
    seed,
    routes: consumerRoutes,
  });
}

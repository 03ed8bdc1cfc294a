import { restaurantService } from 'messages';
import { runParticipant } from 'service-kit';
import { commandHandlers } from './command-handlers.js';
import type { Database } from './database.js';
import { migrations } from './migrations/index.js';
import { restaurantRoutes } from './restaurants/restaurant-routes.js';
import { seed } from './seed.js';
import { ticketRoutes } from './tickets/ticket-routes.js';

/** Runs restaurant-service. @returns once it handles commands */
export async function run(): Promise<void> {
  await runParticipant<typeof restaurantService, Database>({
    name: 'restaurant-service',
    defaultPort: 8083,
    service: restaurantService,
    handlers: commandHandlers,
    logFields: ({ orderId }) => ({ orderId }),
    migrations,
    seed,
    routes: (app, database) => {
      restaurantRoutes(app, database);
      ticketRoutes(app, database);
    },
  });
}

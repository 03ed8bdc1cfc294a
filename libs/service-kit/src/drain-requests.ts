import type { FastifyInstance, FastifyRequest } from 'fastify';
import { CONSTANTS } from './defaults.js';
import { shedLoadWhile } from './shed-load.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The answer has no end of its own (a stream of events): closing the app cuts it. */
    endless?: boolean;
  }
}

/**
 * Makes an app let its requests in hand finish before it closes, for at most `requestDrainMs`; requests that come
 * meanwhile get 503. Without it, closing would cut every open connection at once.
 */
export function drainRequests(app: FastifyInstance): void {
  const inHand = new Set<FastifyRequest>();
  let closing = false;
  let drained = (): void => undefined;

  app.addHook('onRequest', async (request) => {
    if (!request.routeOptions.config.endless) inHand.add(request);
  });
  shedLoadWhile(app, () => (closing ? 'The service is stopping: try again.' : null));

  // Called for every request that began, also when its client has gone away.
  app.addHook('onResponse', async (request) => {
    inHand.delete(request);
    if (inHand.size === 0) drained();
  });

  app.addHook('preClose', async () => {
    closing = true;
    if (inHand.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, CONSTANTS.requestDrainMs);
      drained = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  });
}

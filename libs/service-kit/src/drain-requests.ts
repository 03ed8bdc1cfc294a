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

  const finish = (request: FastifyRequest): void => {
    inHand.delete(request);
    if (inHand.size === 0) drained();
  };

  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.config.endless) return;
    inHand.add(request);
    // One whose client goes away before its body has come whole is never answered.
    reply.raw.once('close', () => finish(request));
  });
  shedLoadWhile(app, () => (closing ? 'The service is stopping: try again.' : null));

  app.addHook('onResponse', async (request) => finish(request));

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

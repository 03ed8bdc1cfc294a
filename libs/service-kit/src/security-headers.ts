/** What each answer tells a browser: that no other site may put it into a frame, run it as a script, or embed it. */
import type { FastifyInstance } from 'fastify';
import helmet from 'helmet';

const setHeaders = helmet({
  // An answer is data. A page says itself what it needs.
  contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
  xFrameOptions: { action: 'deny' },
  referrerPolicy: { policy: 'no-referrer' },
  // Whoever ends TLS knows for which names.
  strictTransportSecurity: false,
  // For browsers that nobody has any more, and for what is no page.
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
  originAgentCluster: false,
});

/** Sends the headers with each answer of an app, also where something is wrong. */
export function sendSecurityHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, next) => {
    setHeaders(request.raw, reply.raw, () => next());
  });
}

/**
 * A page of another site must not act here with the browser of somebody who visits it: it could place orders, or make
 * the service work. Browsers say on whose behalf they ask (Fetch Metadata, W3C; the Origin header), and no page can
 * change what they say. What is no browser says nothing, and is let in.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { HttpProblem, PROBLEMS } from 'http-kit';

/** Refuses what pages of other sites ask for. Following a link to here is no such thing. */
export function refuseCrossSite(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, next) => {
    next(isCrossSite(request) ? new HttpProblem(PROBLEMS.crossSite, REFUSAL) : undefined);
  });
}

const REFUSAL =
  'A page of another site asks for this (Sec-Fetch-Site, Origin). Ask from a page of this service, or from a program.';

function isCrossSite({ headers, method, host }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site !== 'same-origin' && site !== 'none' && !isFollowedLink(headers, method);
  // Older browsers, and those that reach this over plain HTTP from another machine, tell the origin of what acts.
  return headers.origin !== undefined && hostOf(headers.origin) !== (headers['x-forwarded-host'] ?? host);
}

const isFollowedLink = (headers: FastifyRequest['headers'], method: string): boolean =>
  method === 'GET' && headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';

/** @returns the host and port of an origin; `null`, which sandboxed pages have, has none */
const hostOf = (origin: string): string => (URL.canParse(origin) ? new URL(origin).host : '');

/** A service's AsyncAPI document: `/asyncapi.yaml` and `/asyncapi.json` for programs, `/asyncapi` for people. */
import type { AsyncApiDocument } from 'saga-core/asyncapi';
import type { HttpApp } from '../http-app.js';
import type { ServiceUrls } from '../service-urls.js';
import { asyncApiPage, PAGE_POLICY, PAGE_STYLE } from './page.js';
import { yamlOf } from './yaml.js';

/** No part of the REST API's document, where there is one. */
const hidden: object = { hide: true };

/**
 * Adds the routes of a document.
 *
 * @param current - the service, by the name that it has in `services`
 * @param services - where the services are
 */
export function asyncApiRoutes(app: HttpApp, document: AsyncApiDocument, current: string, services: ServiceUrls): void {
  const texts: Readonly<Record<string, readonly [string, string]>> = {
    '/asyncapi.json': ['application/json; charset=utf-8', JSON.stringify(document)],
    '/asyncapi.yaml': ['application/yaml; charset=utf-8', yamlOf(document)],
    '/asyncapi': ['text/html; charset=utf-8', asyncApiPage(document, current, services)],
    '/asyncapi/page.css': ['text/css; charset=utf-8', PAGE_STYLE],
  };
  for (const [path, [type, text]] of Object.entries(texts))
    app.get(path, { schema: hidden }, async (_request, reply) => {
      if (path === '/asyncapi') void reply.header('content-security-policy', PAGE_POLICY);
      return reply.type(type).send(text);
    });
}

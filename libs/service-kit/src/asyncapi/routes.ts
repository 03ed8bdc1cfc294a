/** A service's AsyncAPI document: `/asyncapi.yaml` and `/asyncapi.json` for programs, `/asyncapi` for people. */
import { readFile } from 'node:fs/promises';
import type { AsyncApiDocument } from 'saga-core/asyncapi';
import type { HttpApp } from '../http-app.js';
import { HttpProblem, PROBLEMS } from 'http-kit';
import type { ServiceUrls } from '../service-urls.js';
import { asyncApiPage, PAGE_POLICY, PAGE_SCRIPT, PAGE_STYLE } from './page.js';
import { renderable } from './renderable.js';
import { yamlOf } from './yaml.js';

/** Where `npm run build` puts the renderer's files, seen from the sources as well as from what is compiled of them. */
const BUILT = new URL('../../dist/asyncapi-page/', import.meta.url);

const SCRIPT = 'text/javascript; charset=utf-8';
const STYLE = 'text/css; charset=utf-8';
const JSON_TYPE = 'application/json; charset=utf-8';
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
    '/asyncapi.json': [JSON_TYPE, JSON.stringify(document)],
    '/asyncapi.yaml': ['application/yaml; charset=utf-8', yamlOf(document)],
    '/asyncapi': ['text/html; charset=utf-8', asyncApiPage(document.info.title, current, services)],
    '/asyncapi/document.json': [JSON_TYPE, JSON.stringify(renderable(document))],
    '/asyncapi/page.js': [SCRIPT, PAGE_SCRIPT],
    '/asyncapi/page.css': [STYLE, PAGE_STYLE],
  };
  for (const [path, [type, text]] of Object.entries(texts))
    app.get(path, { schema: hidden }, async (_request, reply) => {
      if (path === '/asyncapi') void reply.header('content-security-policy', PAGE_POLICY);
      return reply.type(type).send(text);
    });
  for (const [file, type] of [
    ['without-parser.js', SCRIPT],
    ['default.min.css', STYLE],
  ] as const)
    app.get(`/asyncapi/${file}`, { schema: hidden }, async (_request, reply) => {
      const content = await readFile(new URL(file, BUILT)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
        throw new HttpProblem(PROBLEMS.notFound, `${file} was not built: run "npm run build".`);
      });
      return reply.type(type).header('cache-control', 'max-age=3600').send(content);
    });
}

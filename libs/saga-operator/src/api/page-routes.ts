/** Serves the console, a page that calls the operator's routes beside it. It holds no secret: it asks for the token. */
import { readFile } from 'node:fs/promises';
import type { FastifyPluginAsync } from 'fastify';
import { HttpProblem, PROBLEMS } from 'http-kit';

/** Where `npm run build` puts the page, seen from the sources as well as from what is compiled of them. */
const BUILT = new URL('../../dist/console/', import.meta.url);
const FILES = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/console.js': ['console.js', 'text/javascript; charset=utf-8'],
  '/console.css': ['console.css', 'text/css; charset=utf-8'],
} as const;
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache',
};

/** What starts a saga from the page. */
export interface TryIt {
  /** What is started, in a few words: `Place an order`. */
  readonly title: string;
  /** Where a body is posted, seen from the page: `orders`. */
  readonly url: string;
  /** A body that succeeds; its numbers and texts become the fields of a form. */
  readonly example: unknown;
  /** Other bodies, and what becomes of each. */
  readonly scenarios: readonly { readonly title: string; readonly ends: string; readonly body: unknown }[];
  /** The field of the answer that holds the saga's id. */
  readonly sagaIdField: string;
}
export interface ConsolePage {
  /** The heading, and the title of the browser's tab. */
  readonly title: string;
  readonly tryIt?: TryIt;
}

/** Adds the page at the prefix of the plugin, with `console.json`, which says what the app gave it. */
export const pageRoutes: FastifyPluginAsync<{ readonly page?: ConsolePage }> = async (app, { page }) => {
  const hidden = { schema: { hide: true } as object };
  for (const [url, [file, type]] of Object.entries(FILES))
    app.get(url, hidden, async (request, reply) => {
      // Below a prefix: what the page asks for is beside it only when its address ends with a slash.
      const [path, query] = request.url.split('?');
      // Relative, for the proxy in front may have taken a part of the address away.
      if (url === '/' && !path!.endsWith('/'))
        return reply.redirect(`./${path!.slice(path!.lastIndexOf('/') + 1)}/${query ? `?${query}` : ''}`);
      const content = await readFile(new URL(file, BUILT)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
        throw new HttpProblem(PROBLEMS.notFound, `${file} was not built: run "npm run build".`);
      });
      return reply.headers(HEADERS).type(type).send(content);
    });
  app.get('/console.json', hidden, async (_request, reply) =>
    reply.headers(HEADERS).send(page ?? ({ title: 'Sagas' } satisfies ConsolePage)),
  );
};

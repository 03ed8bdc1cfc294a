/**
 * A path that exists, asked for with a method that it does not have: 405, and OPTIONS is answered; both say what it
 * has.
 */
import type { FastifyInstance } from 'fastify';
import findMyWay from 'find-my-way';
import { HttpProblem, PROBLEMS } from 'http-kit';

/** Makes an app answer so for each route that is added afterwards. */
export function answerOtherMethods(app: FastifyInstance): void {
  // Fastify's own router tells only whether method and path together have a route.
  const paths = findMyWay();
  const byPath = new Map<string, Set<string>>();
  const note = (url: string, methods: readonly string[]): void => {
    let noted = byPath.get(url);
    if (!noted) {
      byPath.set(url, (noted = new Set()));
      paths.on('GET', url, () => undefined, noted);
    }
    for (const method of methods) noted.add(method);
  };
  app.addHook('onRoute', ({ url, method, prefix }) => {
    note(url, [method].flat());
    // The root of a plugin has two paths, of which Fastify tells one.
    if (url === prefix) note(`${url}/`, [method].flat());
  });

  // Before a body is read: what is wrong with it makes no difference.
  app.addHook('onRequest', async (request, reply) => {
    if (!request.is404) return;
    const methods = paths.find('GET', request.url)?.store as Set<string> | undefined;
    if (!methods) return;
    const allowed = [...new Set([...methods, 'OPTIONS'])].sort().join(', ');
    void reply.header('allow', allowed);
    if (request.method === 'OPTIONS') return reply.code(204).send();
    throw new HttpProblem(PROBLEMS.methodNotAllowed, `${request.url} has no ${request.method}, only ${allowed}.`);
  });
}

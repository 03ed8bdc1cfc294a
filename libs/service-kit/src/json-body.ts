/** Bodies are JSON in UTF-8, as they are; one that says or is anything else is refused instead of being misread. */
import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { HttpProblem, PROBLEMS } from 'http-kit';
import { timesSent } from './times-sent.js';

/** US-ASCII is a part of UTF-8. */
const READABLE_CHARSET = /^(utf-?8|us-ascii)$/i;
const CHARSET = /;\s*charset\s*=\s*("?)([^\s";]*)\1/gi;

/** Makes JSON the only body that an app reads. */
export function readJsonAlone(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const problem = unreadable(request, body);
    if (problem) return done(problem);
    void parse(request, body.toString(), done);
  });
}

function unreadable(request: FastifyRequest, body: Buffer): HttpProblem | null {
  const { headers } = request;
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    return unsupported(`A body must come as it is, not with Content-Encoding: ${encoding}.`);
  if (timesSent(request, 'content-type') > 1)
    return new HttpProblem(PROBLEMS.malformedRequest, 'Content-Type must stand once.');
  for (const [, , charset = ''] of (headers['content-type'] ?? '').matchAll(CHARSET))
    if (!READABLE_CHARSET.test(charset)) return unsupported(`A body must be UTF-8, not ${charset}.`);
  return isUtf8(body) ? null : new HttpProblem(PROBLEMS.malformedRequest, 'The body is not UTF-8.');
}

const unsupported = (detail: string): HttpProblem => new HttpProblem(PROBLEMS.unsupportedMediaType, detail);

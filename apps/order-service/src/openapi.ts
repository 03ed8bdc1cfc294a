/**
 * The OpenAPI document at /openapi.json, and the page at /openapi that shows it. Both are made of the routes' schemas
 * and need no network.
 */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { Type, type TSchema } from '@sinclair/typebox';
import { HttpProblem, PROBLEMS, ProblemSchema, type HttpApp } from 'service-kit';

const info = {
  title: 'Order Service',
  version: '1.0.0',
  description:
    'Takes orders, and runs the saga that approves or rejects each. An order is taken at once and decided soon: `POST /orders` answers 202 with an ' +
    'order that is APPROVAL_PENDING, or, with `Prefer: wait=<seconds>`, 201 with the decided one.\n\n' +
    'Whatever is wrong is told as problem details (RFC 9457): `code` is for programs, `detail` for people. Bodies are JSON in UTF-8, not compressed; ' +
    'a path that is asked with another method than it has answers 405 with `Allow`.',
};

const tags = [
  { name: 'orders', description: 'Place orders, and see what became of them.' },
  { name: 'sagas', description: 'See how an order is being decided, step by step.' },
  { name: 'dead letters', description: 'See what could not be handled, send it again or throw it away.' },
  { name: 'health', description: 'See whether the service runs, and whether it may be sent work.' },
];

/** Of the routes that are for operators alone. */
const OPERATOR_TAGS = new Set(['sagas', 'dead letters']);

/**
 * Documents the routes that are added to `app` from now on.
 *
 * @param schemas - by the names under which they stand in the document; routes refer to them by {@link refTo}
 */
export async function documentApi(app: HttpApp, schemas: Readonly<Record<string, TSchema>>): Promise<void> {
  for (const [$id, schema] of Object.entries({ Problem: ProblemSchema, ...schemas })) app.addSchema({ ...schema, $id });
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info,
      tags,
      components: {
        securitySchemes: {
          operator: { type: 'http', scheme: 'bearer', description: 'The OPERATOR_TOKEN of the service.' },
        },
      },
    },
    // So that the page can ask for the token.
    transform: ({ schema, url }) => ({
      schema: OPERATOR_TAGS.has(schema.tags?.[0] ?? '') ? { ...schema, security: [{ operator: [] }] } : schema,
      url,
    }),
    refResolver: {
      buildLocalReference: (schema, _base, _fragment, index) =>
        typeof schema.$id === 'string' ? schema.$id : `schema-${index}`,
    },
  });
  await app.register(swaggerUi, {
    routePrefix: '/openapi',
    uiConfig: { tryItOutEnabled: true, deepLinking: true },
    // All that the page asks for is seen from where it is: a proxy may have taken a prefix off the path.
    indexPrefix: '.',
    // Its parts set styles of their own, and nothing else runs in it; in a frame, one click would place an order.
    staticCSP: {
      'default-src': "'none'",
      'script-src': "'self'",
      'style-src': "'self' 'unsafe-inline'",
      'img-src': "'self' data:",
      'connect-src': "'self'",
      'base-uri': "'none'",
      'form-action': "'none'",
      'frame-ancestors': "'none'",
    },
    transformSpecification: (document) => ({ ...document, servers: [{ url: '..' }] }),
  });
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
}

/**
 * @typeParam Value - what the schema describes
 * @returns a reference to a schema that {@link documentApi} was given under this name
 */
export function refTo<Value>(name: string) {
  return Type.Unsafe<Value>({ $ref: `${name}#` });
}

/** Headers of a response, by name: JSON schemas. */
type Headers = Readonly<Record<string, object>>;

/** @returns a response for a route's schema: when it is given, what it holds, and an example of it. */
export function answers<Schema extends TSchema>(
  description: string,
  schema: Schema,
  example: unknown,
  headers?: Headers,
) {
  return { description, content: { 'application/json': { schema, example } }, ...(headers && { headers }) };
}

/** @returns a response for a route's schema: problem details, when they are given, and an example of them. */
export function problem(description: string, example: HttpProblem, headers?: Headers) {
  const content = { 'application/problem+json': { schema: refTo<never>('Problem'), example: example.toJSON() } };
  return { description, content, ...(headers && { headers }) };
}

/** Comes with every 503. */
export const RETRY_AFTER: Headers = {
  'Retry-After': { type: 'integer', description: 'Seconds to wait before the next try.', examples: [2] },
};

/** What every route that reads answers when the database is out of reach. */
export const unavailable = problem(
  'The service cannot reach what it needs.',
  new HttpProblem(PROBLEMS.unavailable, 'The service cannot reach what it needs at the moment: try again.'),
  RETRY_AFTER,
);

/** What every route answers to an id that is no UUID. */
export const malformedId = problem(
  'The id is not a UUID.',
  new HttpProblem(PROBLEMS.invalidRequest, "id: Expected string to match '^[0-9a-fA-F]{8}…'", {
    errors: [{ name: 'id', path: 'params/id', message: "Expected string to match '^[0-9a-fA-F]{8}…'" }],
  }),
);

/** What order-service says about itself. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { get, statusAndHeaders } from './support/http.js';
import { startStack, type Stack } from './support/stack.js';

interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly { name: string; description?: string }[];
  readonly responses: Readonly<
    Record<string, { description?: string; content?: Record<string, { example?: unknown }> }>
  >;
}
interface Document {
  readonly openapi: string;
  readonly tags: readonly { name: string }[];
  readonly paths: Readonly<Record<string, Record<string, Operation>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

interface Schema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

/** @returns the paths of the fields in a schema that say nothing of what they hold */
function undescribed(path: string, { properties = {}, items, anyOf = [] }: Schema): string[] {
  const fields = Object.entries(properties).map(([name, field]) => ({ at: `${path}.${name}`, field }));
  return [
    ...fields.filter(({ field }) => !field.description).map(({ at }) => at),
    ...fields.flatMap(({ at, field }) => undescribed(at, field)),
    ...[...anyOf, ...(items ? [items] : [])].flatMap((inner) => undescribed(path, inner)),
  ];
}

let stack: Stack;
let base: string;
beforeAll(async () => {
  stack = await startStack('openapi', ['order-service']);
  base = stack.url('order-service');
}, 60_000);
afterAll(() => stack.stop(), 60_000);

const document = async () => (await get<Document>(`${base}/openapi.json`)).body;

test('the document is valid by the schema of OpenAPI 3.1', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'openapi-'));
  try {
    const file = path.join(folder, 'openapi.json');
    await writeFile(file, JSON.stringify(await document()));
    // As a program: the validator is an ES module, and tests run as CommonJS. It fails, and says why, for an invalid
    // document.
    const { stdout } = await promisify(execFile)(path.resolve('node_modules/.bin/validate-api'), [file]);
    expect(stdout).toContain('valid');
  } finally {
    await rm(folder, { recursive: true });
  }
}, 30_000);

test('the document lists every route', async () => {
  const { openapi, paths } = await document();
  expect(openapi).toBe('3.1.0');
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  );
  expect(operations.sort()).toEqual([
    'get /dead-letters',
    'get /dead-letters/{queue}',
    'get /health/live',
    'get /health/ready',
    'get /metrics',
    'get /orders',
    'get /orders/{id}',
    'get /sagas',
    'get /sagas/audit',
    'get /sagas/bulk-operations',
    'get /sagas/bulk-operations/{id}',
    'get /sagas/definitions',
    'get /sagas/events',
    'get /sagas/export',
    'get /sagas/failures',
    'get /sagas/summary',
    'get /sagas/{id}',
    'get /sagas/{id}/history',
    'get /sagas/{id}/undo-preview',
    'post /dead-letters/{queue}/discard',
    'post /dead-letters/{queue}/replay',
    'post /orders',
    'post /sagas/bulk-operations',
    'post /sagas/bulk-operations/{id}/pause',
    'post /sagas/bulk-operations/{id}/resume',
    'post /sagas/{id}/accept',
    'post /sagas/{id}/compensate',
    'post /sagas/{id}/edit',
    'post /sagas/{id}/give-up',
    'post /sagas/{id}/retry',
    'post /sagas/{id}/skip',
  ]);
});

test('every operation, parameter and response is described, and every body has an example', async () => {
  const { paths, tags } = await document();
  const known = tags.map(({ name }) => name);
  for (const operation of Object.values(paths).flatMap((methods) => Object.values(methods))) {
    expect(operation).toMatchObject({
      operationId: expect.any(String),
      summary: expect.any(String),
      description: expect.any(String),
    });
    expect(known).toEqual(expect.arrayContaining([...(operation.tags ?? ['none'])]));
    for (const parameter of operation.parameters ?? [])
      expect(parameter.description).toEqual(expect.stringMatching(/./));
    for (const response of Object.values(operation.responses)) {
      expect(response.description).toEqual(expect.stringMatching(/./));
      for (const content of Object.values(response.content ?? {})) expect(content.example).toBeDefined();
    }
  }
});

test('every field of every schema is described', async () => {
  const { components } = await document();
  const bare = Object.entries(components.schemas).flatMap(([name, schema]) => undescribed(name, schema as Schema));
  expect(bare).toEqual([]);
});

test('headers are spelled as people write them', async () => {
  const { paths } = await document();
  const names = paths['/orders']?.post?.parameters?.map(({ name }) => name);
  expect(names).toEqual(['Idempotency-Key', 'Prefer']);
});

test('every reference leads somewhere', async () => {
  const whole = await document();
  const references = [...JSON.stringify(whole).matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference]) => reference!);
  expect(references.length).toBeGreaterThan(0);
  for (const reference of references) {
    const name = /^#\/components\/schemas\/(\w+)$/.exec(reference)?.[1];
    expect(Object.keys(whole.components.schemas)).toContain(name);
  }
});

test('the page needs nothing from elsewhere', async () => {
  const page = await (await fetch(`${base}/openapi`)).text();
  const resources = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url!);
  expect(resources.length).toBeGreaterThan(2);
  for (const resource of resources) {
    expect(resource).not.toMatch(/^(https?:)?\/\//);
    expect((await statusAndHeaders(new URL(resource, `${base}/openapi`))).status).toBe(200);
  }
});

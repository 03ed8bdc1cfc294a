/** What a document of messages is held to. */
import { Parser } from '@asyncapi/parser';
import { Ajv } from 'ajv';

type Json = Readonly<Record<string, unknown>>;

/** Of a document, what is looked at here. */
interface Described {
  readonly components: {
    readonly messages: Readonly<Record<string, Json>>;
    readonly schemas: Readonly<Record<string, Json>>;
  };
}

/** @returns all that AsyncAPI's own parser has against a document, warnings included */
export async function complaintsOf(document: object): Promise<string[]> {
  const { diagnostics } = await new Parser().parse(JSON.stringify(document));
  return (
    diagnostics
      // The documents say 3.0, which generators know.
      .filter(({ code }) => code !== 'asyncapi-latest-version')
      .map(({ message, path }) => `${path.join('/')}: ${message}`)
  );
}

/** @returns a schema of a document, with each reference replaced by what it leads to */
export function inlined(document: Described, schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map((item: unknown) => inlined(document, item));
  if (typeof schema !== 'object' || schema === null) return schema;
  const { $ref } = schema as { $ref?: unknown };
  if (typeof $ref === 'string')
    return inlined(document, document.components.schemas[$ref.replace('#/components/schemas/', '')]);
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, inlined(document, value)]));
}

/**
 * @returns the examples in a document that break their own schema, and the messages without any; of dead letters
 *   anything may be the body
 */
export function brokenExamples(document: Described): string[] {
  const ajv = new Ajv({ strict: false });
  return Object.entries(document.components.messages).flatMap(([name, message]) => {
    if (message.payload === undefined) return [];
    const examples = (message.examples ?? []) as readonly { payload: unknown; headers?: unknown }[];
    if (examples.length === 0) return [`${name} has no example`];
    const payload = ajv.compile(inlined(document, message.payload) as object);
    const headers = ajv.compile(inlined(document, message.headers) as object);
    return examples.flatMap((example, index) => [
      ...(payload(example.payload) ? [] : [`${name}/${index}: ${ajv.errorsText(payload.errors)}`]),
      ...(example.headers === undefined || headers(example.headers)
        ? []
        : [`${name}/${index}: headers: ${ajv.errorsText(headers.errors)}`]),
    ]);
  });
}

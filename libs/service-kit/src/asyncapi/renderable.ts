/**
 * What the renderer takes instead of a document: one in which references are replaced by what they lead to, and marked as parsed. So the page needs no
 * parser, which is half of its size and takes seconds.
 */
import type { AsyncApiDocument } from 'saga-core/asyncapi';

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** @returns the document as the renderer of the page takes it. @throws for a reference that leads nowhere */
export function renderable(document: AsyncApiDocument): Json {
  const marked = {
    ...document,
    channels: named(document.channels),
    operations: named(document.operations),
    components: { ...document.components, messages: named(document.components.messages) },
  };
  return { ...(resolved(marked, marked) as Json), 'x-parser-spec-parsed': true, 'x-parser-api-version': 3 };
}

/** The renderer knows by this mark which operation belongs to which channel, once references are gone. */
const named = (objects: Readonly<Record<string, Json>>): Record<string, Json> =>
  Object.fromEntries(
    Object.entries(objects).map(([id, object]) => [id, { ...object, 'x-parser-unique-object-id': id }]),
  );

function resolved(value: unknown, document: Json): unknown {
  if (Array.isArray(value)) return value.map((item) => resolved(item, document));
  if (!isObject(value)) return value;
  if (typeof value.$ref === 'string') return resolved(lookUp(value.$ref, document), document);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolved(item, document)]));
}

function lookUp(reference: string, document: Json): unknown {
  let found: unknown = document;
  for (const part of reference.replace('#/', '').split('/')) {
    found = isObject(found) ? found[part] : undefined;
    // A channel's message is a reference itself.
    if (isObject(found) && typeof found.$ref === 'string') found = lookUp(found.$ref, document);
  }
  if (found === undefined) throw new Error(`${reference} leads nowhere`);
  return found;
}

/** Names in documents. Generators make types of them, so each schema that becomes a type has one. */
import type { TSchema } from '@sinclair/typebox';

/** JSON, as it stands in a document. */
export type Json = Readonly<Record<string, unknown>>;

/** @returns the last part of a task: unique within a service, and almost always within a saga. */
export const nameOfTask = (task: string): string => task.slice(task.indexOf('.') + 1);

/** @returns `CreateTicket` of `create_ticket`, or of `restaurant_service.create_ticket` */
export const typeNameOf = (name: string): string =>
  nameOfTask(name)
    .split(/[^a-zA-Z0-9]+/)
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('');

/** @returns a reference to a schema of the document */
export const reference = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });

/**
 * @returns a schema as plain JSON (TypeBox's own marks are symbols, and go), in which whatever becomes a type has a
 *   title
 */
export function plain(schema: TSchema, title: string): Json {
  const { $id: _name, ...json } = JSON.parse(JSON.stringify(schema)) as Record<string, unknown>;
  return titled(json, title);
}

function titled(schema: Json, title: string): Json {
  const { anyOf, properties, items, ...rest } = schema as {
    anyOf?: readonly Json[];
    properties?: Record<string, Json>;
    items?: Json;
  } & Json;
  const name = { title: (rest.title as string | undefined) ?? title };
  if (anyOf?.every((each) => typeof each.const === 'string'))
    return { ...name, ...rest, type: 'string', enum: anyOf.map((each) => each.const) };
  if (anyOf) return { ...name, ...rest, anyOf: anyOf.map((each, index) => titled(each, `${name.title}${index + 1}`)) };
  if (items) return { ...rest, items: titled(items, title) };
  if (!properties) return schema;
  const fields = Object.entries(properties).map(
    ([key, field]) => [key, titled(field, name.title + typeNameOf(key))] as const,
  );
  return { ...name, ...rest, properties: Object.fromEntries(fields) };
}

/** Reads values that arrive as text, as settings and the query of a URL do. */
import type { TObject, TSchema } from '@sinclair/typebox';

const WHOLE_NUMBER = /^-?[0-9]{1,15}$/;
const NUMBER = /^-?[0-9]{1,15}(\.[0-9]{1,15})?$/;

/**
 * Turns text into what the schema asks for where it can only mean that: '80' into 80, 'true' into true, one value
 * into a list of one.
 * What it cannot read it leaves as it is, for the validation to refuse.
 *
 * @returns a copy of `values`
 */
export function parseStrings(schema: TObject, values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const parsed = { ...values };
  for (const [name, property] of Object.entries(schema.properties))
    if (parsed[name] !== undefined) parsed[name] = parse(property, parsed[name]);
  return parsed;
}

function parse(schema: TSchema, value: unknown): unknown {
  if (schema.type === 'array') {
    const items = Array.isArray(value) ? (value as unknown[]) : [value];
    return items.map((item) => parse(schema.items as TSchema, item));
  }
  if (typeof value !== 'string') return value;
  if (schema.type === 'integer' && WHOLE_NUMBER.test(value)) return Number(value);
  if (schema.type === 'number' && NUMBER.test(value)) return Number(value);
  if (schema.type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  return value;
}

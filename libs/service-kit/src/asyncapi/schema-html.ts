/** Schemas as tables for people. */
import { escaped, markdown, table } from './html.js';

/** Of JSON Schema, what the documents use. */
export interface Schema {
  readonly $ref?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly examples?: readonly unknown[];
  readonly [keyword: string]: unknown;
}

/** Keywords that have a column of their own, or need none. The others are limits. */
const NO_LIMITS = new Set(
  [
    '$id $ref title description type const enum properties required items oneOf anyOf examples additionalProperties',
  ].flatMap((names) => names.split(' ')),
);

/** @returns a schema of the document's components, under a heading of its name */
export function schemaHtml(name: string, schema: Schema): string {
  return `<article id="schema-${escaped(name)}"><h3>${escaped(name)}</h3>${markdown(schema.description)}${bodyOf(schema)}</article>`;
}

/** @returns a link to a schema that a reference names */
export function schemaLink(reference: string): string {
  const name = escaped(reference.split('/').at(-1)!);
  return `<a href="#schema-${name}">${name}</a>`;
}

function bodyOf(schema: Schema): string {
  if (!schema.properties) return `<p>${typeOf(schema)}</p>`;
  const fields = fieldsOf(schema, '');
  return fields.length === 0 ? '<p>It has no fields.</p>' : table(['field', 'type', '', 'example'], fields);
}

/** @returns a row for each field, those of objects and lists within included */
function fieldsOf({ properties = {}, required = [] }: Schema, path: string): string[][] {
  return Object.entries(properties).flatMap(([name, field]) => {
    const place = `${path}${name}`;
    const inner = field.items ?? field;
    return [
      [
        `<code>${escaped(place)}</code>${required.includes(name) ? '' : '<br><em>optional</em>'}`,
        typeOf(field),
        `${markdown(field.description)}${limitsOf(field)}`,
        field.examples && field.examples.length > 0 ? `<code>${escaped(JSON.stringify(field.examples[0]))}</code>` : '',
      ],
      ...fieldsOf(inner, `${place}${field.items ? '[]' : ''}.`),
    ];
  });
}

function typeOf(schema: Schema): string {
  const { $ref, oneOf, anyOf, items, type } = schema;
  if ($ref !== undefined) return schemaLink($ref);
  if ('const' in schema) return `<code>${escaped(JSON.stringify(schema.const))}</code>`;
  if (schema.enum) return schema.enum.map((value) => `<code>${escaped(String(value))}</code>`).join(' or ');
  const choices = oneOf ?? anyOf;
  if (choices) return choices.map(typeOf).join(' or ');
  if (items) return `list of ${typeOf(items)}`;
  return escaped(type ?? 'anything');
}

function limitsOf(schema: Schema): string {
  const limits = [schema, schema.items ?? {}].flatMap((each) =>
    Object.entries(each).filter(([keyword]) => !NO_LIMITS.has(keyword)),
  );
  if (limits.length === 0) return '';
  const each = limits.map(([keyword, value]) => `${escaped(keyword)} <code>${escaped(String(value))}</code>`);
  return `<p class="limits">${each.join(', ')}</p>`;
}

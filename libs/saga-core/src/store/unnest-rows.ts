/** A batch of items as a table of a statement, so that one statement reads or writes them all. */
import { sql, type RawBuilder } from 'kysely';
import { toText } from './json.js';

/**
 * A column: its PostgreSQL type, the value that it has for an item (null is SQL's null), and for `json` and `jsonb`
 * what makes JSON of it, without line breaks: JSON.stringify unless given.
 */
export type UnnestColumn<Item> = readonly [
  type: string,
  valueOf: (item: Item, index: number) => unknown,
  stringify?: (value: unknown) => string,
];

/**
 * Makes `from ${unnestRows('given', tickets, { id: ['uuid', (ticket) => ticket.id] })}` possible: a subquery named
 * `given`, with a row for each item. Each column travels as one array, which costs PostgreSQL half of what a JSON
 * document of the whole batch does.
 *
 * The planner takes such an array for ten rows, for which it would read a young table whole; and a prepared statement
 * goes on doing so while the table grows, until that is analyzed. Of a limit that it does not know it expects a tenth:
 * one row, which it finds by its key. So there is a limit, which limits nothing.
 *
 * @param name - of the subquery; like the columns' names and types part of the statement, so never from outside
 * @param items - its rows, in this order
 */
export function unnestRows<Item>(
  name: string,
  items: readonly Item[],
  columns: Readonly<Record<string, UnnestColumn<Item>>>,
): RawBuilder<unknown> {
  const arrays = Object.values(columns).map(
    ([type, valueOf, stringify]) => sql`${arrayOf(type, items.map(valueOf), stringify)}::${sql.raw(type)}[]`,
  );
  const names = sql.raw(Object.keys(columns).join(', '));
  return sql`(select * from unnest(${sql.join(arrays)}) as each_column(${names}) limit ${items.length}) as ${sql.raw(name)}`;
}

/**
 * Makes `where order_id in ${unnestValues('uuid', ids)}` possible, for which all that is said of {@link unnestRows}
 * holds.
 *
 * @param type - PostgreSQL's
 */
export const unnestValues = <Value extends string | number>(
  type: string,
  values: readonly Value[],
): RawBuilder<Value> => sql`(select value from ${unnestRows('given', values, { value: [type, (value) => value] })})`;

/** @returns PostgreSQL's text for an array. pg makes the same of an array, more slowly. */
function arrayOf(
  type: string,
  values: readonly unknown[],
  stringify: (value: unknown) => string = JSON.stringify,
): string {
  const isJson = type === 'json' || type === 'jsonb';
  const elementOf = isJson ? (value: unknown) => quoted(stringify(value)) : element;
  return `{${values.map((value) => (value === null || value === undefined ? 'NULL' : elementOf(value))).join(',')}}`;
}

/**
 * JSON's own escapes are those of PostgreSQL's arrays, as long as there is nothing to escape but quotes and
 * backslashes: in JSON there is not.
 */
const quoted: (json: string) => string = JSON.stringify;

const element = (value: unknown): string => (typeof value === 'string' ? `"${escaped(toText(value))}"` : String(value));

/** Hardly any text has what must be escaped, and to look for it is quicker than to replace it. */
const escaped = (text: string): string =>
  text.includes('"') || text.includes('\\') ? text.replace(/["\\]/g, String.raw`\$&`) : text;

import { FormatRegistry, type Static, type TSchema } from '@sinclair/typebox';
import { TypeCompiler, type TypeCheck } from '@sinclair/typebox/compiler';
import { ValueErrorType, type ValueError } from '@sinclair/typebox/errors';
import { hasLength } from '../util/text.js';

/** One thing wrong with a value: where (a JSON pointer, '' for the whole) and what. */
export interface Problem {
  readonly path: string;
  readonly message: string;
}

const MAX_PROBLEMS = 10;
const compiled = new WeakMap<TSchema, TypeCheck<TSchema>>();

function checkerOf(schema: TSchema): TypeCheck<TSchema> {
  let checker = compiled.get(schema);
  if (!checker) {
    checker = TypeCompiler.Compile(countingCharacters(schema));
    compiled.set(schema, checker);
  }
  return checker;
}

/** The lengths that texts must have, by the name of the format that says so. */
const lengths = new Map<unknown, { readonly least: number; readonly most: number }>();

/**
 * JSON Schema, and with it every document and every stranger, counts the characters of a text; TypeBox counts UTF-16
 * units. So lengths are checked as a format of our own.
 *
 * @returns the schema, with each length of a text as such a format
 */
function countingCharacters<Part>(part: Part): Part {
  if (Array.isArray(part)) return part.map(countingCharacters) as Part;
  if (typeof part !== 'object' || part === null || part instanceof RegExp) return part;
  const copy = Object.fromEntries(
    Reflect.ownKeys(part).map((key) => [key, countingCharacters((part as Record<PropertyKey, unknown>)[key])]),
  ) as Record<PropertyKey, unknown>;
  const { type, minLength, maxLength, format, ...rest } = copy;
  if (type !== 'string' || (minLength === undefined && maxLength === undefined)) return copy as Part;
  return { ...rest, type, format: lengthFormat(minLength as number, maxLength as number, format as string) } as Part;
}

function lengthFormat(least = 0, most = Infinity, format?: string): string {
  const name = `${least} to ${most} characters ${format ?? ''}`;
  lengths.set(name, { least, most });
  FormatRegistry.Set(
    name,
    (text) => hasLength(text, least, most) && (format === undefined || FormatRegistry.Get(format)?.(text) === true),
  );
  return name;
}

/** @returns what an error says, of lengths in TypeBox's own words */
function messageOf({ type, schema, value, message }: ValueError): string {
  const length = lengths.get(schema.format);
  if (type !== ValueErrorType.StringFormat || !length) return message;
  const { least, most } = length;
  if (!hasLength(value as string, least, Infinity)) return `Expected string length greater or equal to ${least}`;
  return hasLength(value as string, 0, most) ? message : `Expected string length less or equal to ${most}`;
}

/** @returns whether `value` satisfies `schema`. Each schema is compiled once. */
export function isValid<Schema extends TSchema>(schema: Schema, value: unknown): value is Static<Schema> {
  return checkerOf(schema).Check(value);
}

/** @returns what is wrong with `value`, at most ten problems, one for each path; empty when it satisfies `schema`. */
export function problemsOf(schema: TSchema, value: unknown): Problem[] {
  const checker = checkerOf(schema);
  // To look for errors costs a hundred times what it costs to see that there is none.
  if (checker.Check(value)) return [];
  const problems = new Map<string, Problem>();
  for (const error of checker.Errors(value)) {
    if (!problems.has(error.path)) problems.set(error.path, { path: error.path, message: messageOf(error) });
    if (problems.size === MAX_PROBLEMS) break;
  }
  return [...problems.values()];
}

/** @returns the problems as one line for people. */
export function describeProblems(problems: readonly Problem[]): string {
  return problems.map(({ path, message }) => `${path || '(whole)'}: ${message}`).join('; ');
}

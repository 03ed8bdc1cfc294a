import type { Static, TSchema } from '@sinclair/typebox';
import { TypeCompiler, type TypeCheck } from '@sinclair/typebox/compiler';

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
    checker = TypeCompiler.Compile(schema);
    compiled.set(schema, checker);
  }
  return checker;
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
    if (!problems.has(error.path)) problems.set(error.path, { path: error.path, message: error.message });
    if (problems.size === MAX_PROBLEMS) break;
  }
  return [...problems.values()];
}

/** @returns the problems as one line for people. */
export function describeProblems(problems: readonly Problem[]): string {
  return problems.map(({ path, message }) => `${path || '(whole)'}: ${message}`).join('; ');
}

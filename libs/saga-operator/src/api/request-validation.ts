/** How requests are validated: by TypeBox, as messages are. */
import type { TObject, TSchema } from '@sinclair/typebox';
import type { FastifyRequest, FastifySchemaCompiler } from 'fastify';
import { describeProblems, problemsOf } from 'saga-core';
import { isStorable } from 'saga-core/admin';
import { OperatorProblem } from './operator-problem.js';

const WHOLE_NUMBER = /^-?\d{1,15}$/;

/**
 * For apps that validate by nothing else: Fastify's own validator would drop a member of a filter that it does not know, and more sagas would match. It
 * reads whole numbers from the text of a query.
 */
export const compileValidator: FastifySchemaCompiler<TSchema> =
  ({ schema, httpPart }) =>
  (data: unknown) => {
    const value = httpPart === 'querystring' ? withNumbers(schema as TObject, data as object) : data;
    const problems = problemsOf(schema, value);
    return problems.length === 0
      ? { value }
      : { error: new OperatorProblem('INVALID_REQUEST', `${httpPart}: ${describeProblems(problems)}`) };
  };

function withNumbers({ properties }: TObject, query: object): object {
  const parsed = Object.entries(query).map(([name, value]: [string, unknown]) => {
    const isNumber = properties[name]?.type === 'integer' && typeof value === 'string' && WHOLE_NUMBER.test(value);
    return [name, isNumber ? Number(value) : value] as const;
  });
  return Object.fromEntries(parsed);
}

/** A `preHandler` hook: what the database cannot keep, or look for, is refused before anything is done. */
export async function refuseUnstorable({ params, query, body }: FastifyRequest): Promise<void> {
  const found = unstorableIn({ params, query, body }, []);
  if (found)
    throw new OperatorProblem(
      'INVALID_REQUEST',
      `${found.join('.')}: Expected text without the character NUL and without half a surrogate pair`,
    );
}

/** @returns the path to text that PostgreSQL does not take, or null */
function unstorableIn(value: unknown, path: readonly string[]): readonly string[] | null {
  if (typeof value === 'string') return isStorable(value) ? null : path;
  if (typeof value !== 'object' || value === null) return null;
  for (const [name, item] of Object.entries(value)) {
    if (!isStorable(name)) return [...path, '(a name)'];
    const found = unstorableIn(item, [...path, name]);
    if (found) return found;
  }
  return null;
}

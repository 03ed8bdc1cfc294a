/** Requests are validated as messages are: by TypeBox, naming each wrong field. */
import type { TObject, TSchema } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import type { FastifySchemaCompiler } from 'fastify';
import { problemsOf } from 'saga-core';
import { parseStrings } from './parse-strings.js';
import { HttpProblem, PROBLEMS } from './problem.js';

/**
 * Fastify's validator: fills in defaults; reads numbers from text in a path, a query and headers, but not in a body,
 * where JSON has types of its own.
 */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema: given, httpPart = 'body' }) => {
  const schema = httpPart === 'headers' ? withLowerCaseNames(given) : given;
  const isText = httpPart !== 'body' && schema.type === 'object';
  return (data: unknown) => {
    const parsed = isText ? parseStrings(schema as TObject, data as Record<string, unknown>) : data;
    const value = Value.Default(schema, parsed);
    const problems = problemsOf(schema, value);
    if (problems.length === 0) return { value };
    const errors = problems.map(({ path, message }) => ({
      name: path.slice(1).replaceAll('/', '.') || httpPart,
      path: `${httpPart}${path}`,
      message,
    }));
    const detail = errors.map(({ name, message }) => `${name}: ${message}`).join('; ');
    return { error: new HttpProblem(PROBLEMS.invalidRequest, detail, { errors }) };
  };
};

/**
 * Node gives headers in lower case, and a schema may show them as people write them: Fastify bridges this for its own
 * validator only.
 */
function withLowerCaseNames(schema: TSchema): TSchema {
  const { properties, required } = schema as Partial<TObject>;
  const lowered = Object.entries(properties ?? {}).map(([name, property]) => [name.toLowerCase(), property]);
  return {
    ...schema,
    ...(properties && { properties: Object.fromEntries(lowered) as TObject['properties'] }),
    ...(required && { required: required.map((name) => name.toLowerCase()) }),
  };
}

/** Examples, made of the schemas that they are to satisfy. */
import type { TSchema } from '@sinclair/typebox';
import { describeProblems, problemsOf } from '../contract/validation.js';
import { SagaError } from '../errors.js';

/** What of JSON Schema the contracts use. */
interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly examples?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly minimum?: number;
  readonly minItems?: number;
  readonly minLength?: number;
  readonly pattern?: string;
}

/**
 * @param what - whose example it is, for the error
 * @returns a value that satisfies a schema: its `examples` where it has them, what is simplest where it has none
 * @throws {SagaError} INVALID_CONTRACT where none can be found: a field with a pattern needs `examples`
 */
export function exampleOf(what: string, schema: TSchema): unknown {
  const example = build(schema);
  const problems = problemsOf(schema, example);
  if (problems.length > 0)
    throw new SagaError(
      'INVALID_CONTRACT',
      `${what} has no example; give its fields examples that satisfy them: ${describeProblems(problems)}`,
    );
  return example;
}

function build(schema: Schema): unknown {
  if (schema.examples && schema.examples.length > 0) return schema.examples[0];
  if ('const' in schema) return schema.const;
  if (schema.anyOf) return build(schema.anyOf[0] ?? {});
  switch (schema.type) {
    case 'object':
      return Object.fromEntries(Object.entries(schema.properties ?? {}).map(([name, field]) => [name, build(field)]));
    case 'array':
      return Array.from({ length: schema.minItems ?? 1 }, () => build(schema.items ?? {}));
    case 'integer':
    case 'number':
      return Math.ceil(schema.minimum ?? 1);
    case 'boolean':
      return true;
    case 'string':
      return 'text'.padEnd(schema.minLength ?? 0, '…');
    default:
      return null;
  }
}

/** Parts that the operator's schemas share. */
import { Type, type TSchema } from '@sinclair/typebox';
import { UUID_PATTERN_ANY_CASE } from 'saga-core';

/** @returns a schema of a value that may be null. */
export const nullable = <Schema extends TSchema>(schema: Schema, description: string) =>
  Type.Union([schema, Type.Null()], { description });

/** @returns a schema of one of some words. */
export const oneOf = <const Words extends readonly string[]>(words: Words, description: string) =>
  Type.Unsafe<Words[number]>(
    Type.Union(
      words.map((word) => Type.Literal(word)),
      { description },
    ),
  );

/** @returns a schema of a time in ISO 8601. */
export const timestamp = (description: string) => Type.String({ format: 'date-time', description });

/** @returns a schema of a time that a client gives. */
export const timeParameter = (description: string) =>
  Type.String({
    pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d(:\\d\\d(\\.\\d{1,9})?)?(Z|[+-]\\d\\d:\\d\\d)$',
    description,
  });

/** Who does it and why; both are recorded. */
export const Operator = {
  operator: Type.String({
    minLength: 1,
    maxLength: 100,
    pattern: '\\S',
    description: 'Who does it, by name; recorded.',
  }),
  reason: Type.String({ minLength: 1, maxLength: 500, pattern: '\\S', description: 'Why; recorded.' }),
};

/** What a whole number of the database can be. */
export const MAX_INTEGER = 2_147_483_647;
/** A name that is looked for: of a saga, a step, a code. */
export const nameParameter = (description: string) => Type.String({ maxLength: 300, description });
/** @returns path parameters with one id. */
export const idParams = (description: string) =>
  Type.Object({ id: Type.String({ pattern: UUID_PATTERN_ANY_CASE, description }) });

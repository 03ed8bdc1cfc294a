/** Descriptions of answers, for the OpenAPI document. */
import type { TSchema } from '@sinclair/typebox';
import { OperatorProblem, type OperatorProblemCode } from './operator-problem.js';
import { ProblemSchema } from './schemas/index.js';

/** @returns a response for a route's schema: when it is given, what it holds, and an example of it. */
export const answers = <Schema extends TSchema>(description: string, schema: Schema, example: unknown) => ({
  description,
  content: { 'application/json': { schema, example } },
});

/** @returns a response for a route's schema: problem details. */
export const refuses = (description: string, code: OperatorProblemCode) => ({
  description,
  content: {
    'application/problem+json': { schema: ProblemSchema, example: new OperatorProblem(code, description).toJSON() },
  },
});

/** What every route of the operator may answer beside its own. */
export const DENIALS = {
  401: refuses('The token is missing or wrong.', 'UNAUTHORIZED'),
  403: refuses('No token is set, so nobody is let in.', 'FORBIDDEN'),
};
export const TAGS = ['sagas'];

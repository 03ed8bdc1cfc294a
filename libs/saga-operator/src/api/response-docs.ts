/** Descriptions of answers, for the OpenAPI document. */
import { Type, type TSchema } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import { HttpProblem, PROBLEMS, ProblemSchema, type Problem, type ProblemKind } from 'http-kit';
import { OPERATOR_PROBLEMS } from './operator-problems.js';

/** The name of the problem schema in the app's OpenAPI document. */
const PROBLEM = 'Problem';

/** Names the problem schema, once for all routes of an app that may have done so before. */
export function nameProblemSchema(app: FastifyInstance): void {
  if (app.getSchema(PROBLEM) === undefined) app.addSchema({ ...ProblemSchema, $id: PROBLEM });
}

/** @returns a response for a route's schema: when it is given, what it holds, and an example of it. */
export const jsonResponse = <Schema extends TSchema>(description: string, schema: Schema, example: unknown) => ({
  description,
  content: { 'application/json': { schema, example } },
});

/** @returns a response for a route's schema: problem details. */
export const problemResponse = (description: string, kind: ProblemKind) => ({
  description,
  content: {
    'application/problem+json': {
      schema: Type.Unsafe<Problem>({ $ref: `${PROBLEM}#` }),
      example: new HttpProblem(kind, description).toJSON(),
    },
  },
});

/** What every route of the operator may answer beside its own. */
export const ACCESS_PROBLEMS = {
  401: problemResponse('The token is missing or wrong.', OPERATOR_PROBLEMS.unauthorized),
  403: problemResponse('No token is set, so nobody is let in.', OPERATOR_PROBLEMS.forbidden),
  429: problemResponse('Too many wrong tokens came from this address.', PROBLEMS.tooManyRequests),
};
export const TAGS = ['sagas'];

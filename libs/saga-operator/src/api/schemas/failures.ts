/** Failures, grouped. */
import { Type, type Static } from '@sinclair/typebox';
import { nameParameter, timeParameter, timestamp } from './common.js';

export const FailuresQuery = Type.Object({
  since: Type.Optional(timeParameter('Only failures since then; the last 24 hours unless given.')),
  saga: Type.Optional(nameParameter('Only sagas of this definition.')),
});

export const FailureGroupSchema = Type.Object({
  saga: Type.String({ description: 'The definition.' }),
  step: Type.String({ description: 'Where it went wrong.' }),
  code: Type.String({ description: 'Why, for programs.' }),
  message: Type.String({
    description: 'Why, for people: ids and numbers are replaced by …, so that like is with like.',
  }),
  count: Type.Integer({ description: 'How many sagas had this as their last error.' }),
  stuckCount: Type.Integer({ description: 'How many of them are stuck now.' }),
  firstSeen: timestamp('When the first of them last failed so.'),
  lastSeen: timestamp('When the last of them last failed so.'),
  trend: Type.Array(
    Type.Object({ at: timestamp('The beginning of the interval.'), count: Type.Integer({ description: 'How many.' }) }),
    { description: 'Twenty-four intervals of the same length from `since` to now.' },
  ),
});
export type FailureGroup = Static<typeof FailureGroupSchema>;
export const FailuresSchema = Type.Object({
  groups: Type.Array(FailureGroupSchema, { description: 'The hundred most frequent, most frequent first.' }),
});

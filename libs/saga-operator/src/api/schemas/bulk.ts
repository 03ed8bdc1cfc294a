/** Retrying many sagas. */
import { Type, type Static } from '@sinclair/typebox';
import { nameParameter, nullable, oneOf, Operator, timeParameter, timestamp } from './common.js';
import { SagaSummarySchema } from './listing.js';

export const BulkFilterSchema = Type.Object(
  {
    status: Type.Literal('stuck', { description: 'Only stuck sagas are retried.' }),
    saga: Type.Optional(nameParameter('Only sagas of this definition.')),
    step: Type.Optional(nameParameter('Only sagas stuck in this step.')),
    code: Type.Optional(nameParameter('Only sagas whose last error has this code.')),
    message: Type.Optional(
      Type.String({
        maxLength: 4_000,
        description:
          'Only sagas whose last error has a message like this one: ids and numbers may differ. As a group of ' +
          'failures has it, or a saga.',
      }),
    ),
    since: Type.Optional(timeParameter('Only sagas stuck since then.')),
  },
  { additionalProperties: false, description: 'Which sagas.' },
);
export type BulkFilter = Static<typeof BulkFilterSchema>;

/** Who pauses or resumes one, and why. */
export const OperatorBody = Type.Object(Operator);

export const BulkBody = Type.Object({
  ...Operator,
  action: Type.Literal('retry', { description: 'What to do to each.' }),
  filter: BulkFilterSchema,
  dryRun: Type.Optional(Type.Boolean({ description: 'Only says what it would match.' })),
  perSecond: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 1_000, description: 'The most sagas in a second; 20 unless given.' }),
  ),
});
export type BulkBody = Static<typeof BulkBody>;

export const DryRunSchema = Type.Object({
  matches: Type.Integer({ description: 'How many sagas match.' }),
  sample: Type.Array(SagaSummarySchema, { description: 'Ten of them.' }),
});

export const BULK_STATUSES = ['running', 'paused', 'completed'] as const;
export const BulkOperationSchema = Type.Object({
  id: Type.String({ description: 'The operation.' }),
  action: Type.Literal('retry', { description: 'What is done to each saga.' }),
  filter: BulkFilterSchema,
  status: oneOf(BULK_STATUSES, 'Where it stands.'),
  matched: Type.Integer({ description: 'How many sagas matched at its beginning.' }),
  done: Type.Integer({ description: 'How many were retried.' }),
  failed: Type.Integer({ description: 'How many could not be, such as those that had moved on.' }),
  failures: Type.Array(
    Type.Object({ sagaId: Type.String({ description: 'The saga.' }), message: Type.String({ description: 'Why.' }) }),
    { description: 'The first hundred of the failed; in a list of operations the first ten.' },
  ),
  perSecond: Type.Integer({ description: 'The most sagas in a second.' }),
  operator: Type.String({ description: 'Who began it.' }),
  reason: Type.String({ description: 'Why.' }),
  createdAt: timestamp('When it was begun.'),
  endedAt: nullable(timestamp('A time.'), 'When it was done; null until then.'),
});
export type BulkOperation = Static<typeof BulkOperationSchema>;
export const BulkOperationsSchema = Type.Object({
  items: Type.Array(BulkOperationSchema, { description: 'The last hundred, newest first.' }),
});

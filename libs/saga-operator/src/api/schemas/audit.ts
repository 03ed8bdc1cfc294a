/** What operators did. */
import { Type, type Static } from '@sinclair/typebox';
import { UUID_PATTERN_ANY_CASE } from 'saga-core';
import { nullable, timestamp } from './common.js';

export const AuditQuery = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, description: 'The most acts; 50 unless given.' })),
  cursor: Type.Optional(
    Type.String({
      pattern: UUID_PATTERN_ANY_CASE,
      description: '`nextCursor` of the page before.',
    }),
  ),
});
export const AuditPageSchema = Type.Object({
  items: Type.Array(
    Type.Object({
      id: Type.String({ description: 'The act.' }),
      at: timestamp('When it was done.'),
      operator: Type.String({ description: 'Who did it.' }),
      reason: Type.String({ description: 'Why.' }),
      action: Type.String({
        description:
          'retry, compensate, skip, edit, accept, give-up, replay-dead-letters, discard-dead-letters, ' +
          'bulk-retry, pause-bulk or resume-bulk.',
      }),
      sagaId: nullable(Type.String(), 'The saga it was done to; null where it was no single one.'),
      details: Type.Unknown({ description: 'More about it: a version, a queue and letters, a filter.' }),
    }),
    { description: 'Newest first.' },
  ),
  nextCursor: nullable(Type.String(), 'Leads to the next page; null on the last.'),
});
export type AuditPage = Static<typeof AuditPageSchema>;

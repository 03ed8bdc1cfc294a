/** Lists of sagas, and their summary. */
import { Type, type Static, type TSchema } from '@sinclair/typebox';
import { UUID_PATTERN_ANY_CASE } from 'saga-core';
import { LastErrorSchema, type ListFilter, SAGA_STATUSES } from 'saga-core/admin';
import { MAX_INTEGER, nameParameter, nullable, oneOf, timestamp } from './common.js';

export const SagaSummarySchema = Type.Object({
  id: Type.String({ description: 'The saga.' }),
  saga: Type.String({ description: 'The name of its definition.' }),
  definitionVersion: Type.Integer({ description: 'The version of its definition.' }),
  version: Type.Integer({ description: 'Counts its inputs; an action names the version that was seen.' }),
  status: oneOf(SAGA_STATUSES, 'Where it stands.'),
  step: nullable(Type.String(), 'The awaited step; null at the end.'),
  direction: nullable(
    oneOf(['action', 'undo'], 'Forward or back.'),
    'Whether the step is done or undone; null at the end.',
  ),
  attempt: Type.Integer({ description: 'The attempt of the awaited step, from 1; 0 at the end.' }),
  state: nullable(
    oneOf(['sent', 'pausing', 'parked'], 'Of the awaited command.'),
    'sent: a reply is due. pausing: sent again later. parked: an operator must act. null at the end.',
  ),
  until: nullable(timestamp('A time.'), 'When it is tried again or given up.'),
  ageMs: Type.Integer({ description: 'Since its start, or from its start to its end, in milliseconds.' }),
  startedAt: timestamp('When it was started.'),
  updatedAt: timestamp('When it last changed.'),
  endedAt: nullable(timestamp('A time.'), 'When it ended; null until then.'),
  lastError: nullable(LastErrorSchema, 'The last thing that went wrong, also when it was overcome.'),
  data: Type.Unknown({ description: 'Its business data; long texts and lists are shortened.' }),
});
export type SagaSummary = Static<typeof SagaSummarySchema>;

/** `q` is read by the routes; any other filter must be one that the list knows, or it would be ignored. */
const filters = {
  status: Type.Optional(oneOf(SAGA_STATUSES, 'Only sagas of this status.')),
  saga: Type.Optional(nameParameter('Only sagas of this definition, by name.')),
  step: Type.Optional(nameParameter('Only sagas that await this step, by its task or local name.')),
  minAgeSeconds: Type.Optional(
    Type.Integer({ minimum: 0, maximum: MAX_INTEGER, description: 'Only sagas started at least so long ago.' }),
  ),
  minAttempts: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: MAX_INTEGER,
      description: 'Only sagas whose awaited step is at this attempt or later.',
    }),
  ),
  q: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 200,
      description: 'A saga id, an order id (`orderId` of the data), or `data.<path>:<value>`.',
    }),
  ),
} satisfies Partial<Record<keyof ListFilter | 'q', TSchema>>;
export const SORTS = ['newest', 'stalest', 'attempts'] as const;

export const ListQuery = Type.Object({
  ...filters,
  sort: Type.Optional(
    oneOf(
      SORTS,
      'newest first (the default), longest unchanged first, or most attempts first; the latter two hold only ' +
        'sagas that have not ended.',
    ),
  ),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, description: 'The most sagas; 50 unless given.' })),
  cursor: Type.Optional(
    Type.String({ maxLength: 300, description: '`nextCursor` of the page before, with the same filters and sort.' }),
  ),
});
export type ListQuery = Static<typeof ListQuery>;

export const ExportQuery = Type.Object({
  ...filters,
  format: Type.Optional(oneOf(['csv', 'ndjson'], 'One saga a line, as CSV or as JSON (the default).')),
});
export type SagaFilter = Omit<Static<typeof ExportQuery>, 'format'>;

export const SagaPageSchema = Type.Object({
  items: Type.Array(SagaSummarySchema, { description: 'The sagas.' }),
  nextCursor: nullable(Type.String(), 'Leads to the next page; null on the last.'),
});
export type SagaPage = Static<typeof SagaPageSchema>;

export const SummarySchema = Type.Object({
  counts: Type.Array(
    Type.Object({
      saga: Type.String({ description: 'The definition, by name.' }),
      status: oneOf(SAGA_STATUSES, 'A status.'),
      step: nullable(Type.String(), 'The awaited step; null for the ended.'),
      count: Type.Integer({ description: 'How many. Those that ended are counted for the last hour.' }),
    }),
    { description: 'By definition, status and step.' },
  ),
  startedPerMinute: Type.Number({ description: 'Over the last five minutes.' }),
  endedPerMinute: Type.Number({ description: 'Over the last five minutes.' }),
  stuck: Type.Integer({ description: 'How many need an operator.' }),
  stalest: Type.Array(SagaSummarySchema, {
    description: 'The ten that have not changed for longest, of those that have not ended.',
  }),
  mostAttempts: Type.Array(SagaSummarySchema, {
    description: 'The ten that are at the most attempts, from the second on.',
  }),
  oldestUnattendedDeadline: nullable(
    timestamp('A time.'),
    'The oldest deadline that has passed and that nobody has seen to; null when there is none.',
  ),
});
export type Summary = Static<typeof SummarySchema>;

export const EventsQuery = Type.Object({
  saga: Type.Optional(nameParameter('Only sagas of this definition.')),
  id: Type.Optional(Type.String({ pattern: UUID_PATTERN_ANY_CASE, description: 'Only this saga.' })),
});

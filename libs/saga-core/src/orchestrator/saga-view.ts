/** A saga instance as readers see it: times as ISO 8601, the history as one flat list. */
import { Type, type Static, type TSchema } from '@sinclair/typebox';
import { HISTORY_TYPES, type HistoryEntry } from '../engine/history.js';
import { awaitedCommandId, SAGA_STATUSES, type SagaInstance } from '../engine/instance.js';
import type { StoredSaga } from './saga-store.js';

const nullable = <Schema extends TSchema>(schema: Schema, description: string) =>
  Type.Union([schema, Type.Null()], { description });
const timestamp = (description: string) => Type.String({ format: 'date-time', description });
const moment = Type.String({ format: 'date-time' });

const Failure = Type.Object({
  step: Type.String({ description: 'A task name, or the name of a local step.' }),
  code: Type.String({ description: 'Why, for programs: a code of the contract, or one of the library.' }),
  message: Type.String({ description: 'Why, for people.' }),
});

export const LastErrorSchema = Type.Object({
  ...Failure.properties,
  at: Type.Optional(timestamp('When it last went wrong so.')),
});

/** @returns the last error with its time in ISO 8601. */
export function lastErrorView({ lastError }: Pick<SagaInstance, 'lastError'>): Static<typeof LastErrorSchema> | null {
  if (lastError === null) return null;
  const { step, code, message, at } = lastError;
  return { step, code, message, ...(at === undefined ? {} : { at: iso(at) }) };
}

const HistoryItem = Type.Object({
  number: Type.Integer({ description: 'The input that led to this, from 1; one input may lead to several entries.' }),
  at: timestamp('When it was committed.'),
  type: Type.Union(
    HISTORY_TYPES.map((type) => Type.Literal(type)),
    { description: 'What happened.' },
  ),
  step: Type.Optional(Type.String({ description: 'The task, or the local step, that it concerns.' })),
  attempt: Type.Optional(Type.Integer({ description: 'The attempt of the command, from 1.' })),
  commandId: Type.Optional(Type.String({ description: 'The command: the same for all its attempts.' })),
  code: Type.Optional(Type.String({ description: 'Why, for programs.' })),
  message: Type.Optional(Type.String({ description: 'Why, for people.' })),
  details: Type.Optional(Type.Unknown({ description: 'More about why, as the participant told it.' })),
  payload: Type.Optional(Type.Unknown({ description: "The command's payload, at its first attempt." })),
  reply: Type.Optional(Type.Unknown({ description: 'What the participant answered.' })),
  times: Type.Optional(
    Type.Integer({
      description: 'How many replies of no use this stands for, the later ones not told one by one; 1 unless given.',
    }),
  ),
  data: Type.Optional(
    Type.Object(
      {
        before: Type.Record(Type.String(), Type.Unknown(), {
          description: 'What they were; one that is new is not here.',
        }),
        after: Type.Record(Type.String(), Type.Unknown(), { description: 'What they are.' }),
      },
      { description: "The members of the saga's business data that changed by it." },
    ),
  ),
  until: Type.Optional(timestamp('A deadline, or when the next attempt is due.')),
  tookMs: Type.Optional(
    Type.Integer({
      description: 'How long the answer took after the attempt was sent, or was waited for in vain, in milliseconds.',
    }),
  ),
  shortened: Type.Optional(
    Type.Boolean({
      description: 'Whether values of this entry are shortened here; its page of the history has them whole.',
    }),
  ),
  by: Type.Optional(Type.String({ description: 'The operator.' })),
  before: Type.Optional(Type.Unknown({ description: 'How the saga stood before the operator acted.' })),
  after: Type.Optional(Type.Unknown({ description: 'How it stood afterwards.' })),
});

const Awaited = Type.Object({
  step: Type.String({ description: 'The task, or the local step.' }),
  commandId: Type.String({ description: "The command: the saga's id and a number." }),
  attempt: Type.Integer({ description: 'The attempt that runs, or comes next, from 1.' }),
  state: Type.Union([Type.Literal('sent'), Type.Literal('pausing'), Type.Literal('parked')], {
    description: 'sent: a reply is due. pausing: it is sent again later. parked: an operator must act.',
  }),
  until: nullable(moment, 'When it is tried again or given up; null while it is parked.'),
});

export const SagaViewSchema = Type.Object({
  id: Type.String({ description: 'The saga.' }),
  name: Type.String({ description: 'Which saga it is, by the name of its definition.' }),
  definitionVersion: Type.Integer({ description: 'The version of the definition that it was started with.' }),
  status: Type.Union(
    SAGA_STATUSES.map((status) => Type.Literal(status)),
    {
      description:
        'running: it goes forward. compensating: it takes back what it did. completed, compensated: it has ended. stuck: an operator must act.',
    },
  ),
  step: nullable(Type.String(), 'The current step; null at the end.'),
  awaited: nullable(Awaited, 'The command whose reply counts now; null at the end.'),
  failure: nullable(Failure, 'Why it is or was compensated; null unless it is.'),
  lastError: nullable(LastErrorSchema, 'The last thing that went wrong, also when it was overcome.'),
  data: Type.Unknown({ description: "The saga's business data." }),
  traceparent: nullable(Type.String(), 'W3C trace context of the caller who started it.'),
  createdAt: timestamp('When it was started.'),
  updatedAt: timestamp('When it last changed.'),
  endedAt: nullable(moment, 'When it was completed or compensated; null until then.'),
  history: Type.Array(HistoryItem, { description: 'What happened, oldest first.' }),
});
export type SagaView = Static<typeof SagaViewSchema>;

const iso = (ms: number): string => new Date(ms).toISOString();

/** @returns the view of a stored instance. */
export function sagaView({ instance, createdAt, updatedAt, endedAt, history }: StoredSaga): SagaView {
  const { awaited } = instance;
  return {
    id: instance.id,
    name: instance.sagaName,
    definitionVersion: instance.definitionVersion,
    status: instance.status,
    step: awaited?.name ?? null,
    awaited: awaited && {
      step: awaited.name,
      commandId: awaitedCommandId(instance)!,
      attempt: awaited.attempt,
      state: awaited.state,
      until: awaited.until === null ? null : iso(awaited.until),
    },
    failure: instance.failure,
    lastError: lastErrorView(instance),
    data: instance.data,
    traceparent: instance.traceparent,
    createdAt: iso(createdAt),
    updatedAt: iso(updatedAt),
    endedAt: endedAt === null ? null : iso(endedAt),
    history: history.flatMap(({ version, at, entries }) => entries.map((entry) => historyItem(version, at, entry))),
  };
}

function historyItem(number: number, at: number, given: HistoryEntry): SagaView['history'][number] {
  const { dueInMs, until = dueInMs === undefined ? undefined : at + dueInMs, ...entry } = given;
  return { number, at: iso(at), ...entry, ...(until === undefined ? {} : { until: iso(until) }) };
}

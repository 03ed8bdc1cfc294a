/** A saga instance as readers see it: times as ISO 8601, the history as one flat list. */
import { Type, type Static, type TSchema } from '@sinclair/typebox';
import { HISTORY_TYPES, type HistoryEntry } from '../engine/history.js';
import { awaitedCommandId, SAGA_STATUSES } from '../engine/instance.js';
import type { StoredSaga } from '../engine/saga-store.js';

const nullable = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);
const timestamp = (description: string) => Type.String({ format: 'date-time', description });

const Failure = Type.Object({
  step: Type.String({ description: 'A task name, or the name of a local step.' }),
  code: Type.String(),
  message: Type.String(),
});

const HistoryItem = Type.Object({
  number: Type.Integer({ description: 'The input that led to this, from 1; one input may lead to several entries.' }),
  at: timestamp('When it was committed.'),
  type: Type.Union(HISTORY_TYPES.map((type) => Type.Literal(type))),
  step: Type.Optional(Type.String()),
  attempt: Type.Optional(Type.Integer({ description: 'From 1.' })),
  commandId: Type.Optional(Type.String()),
  code: Type.Optional(Type.String()),
  message: Type.Optional(Type.String()),
  details: Type.Optional(Type.Unknown()),
  payload: Type.Optional(Type.Unknown()),
  reply: Type.Optional(Type.Unknown()),
  until: Type.Optional(timestamp('A deadline, or when the next attempt is due.')),
  by: Type.Optional(Type.String({ description: 'The operator.' })),
});

const Awaited = Type.Object({
  step: Type.String({ description: 'The task, or the local step.' }),
  commandId: Type.String(),
  attempt: Type.Integer(),
  state: Type.Union([Type.Literal('sent'), Type.Literal('pausing'), Type.Literal('parked')]),
  until: nullable(timestamp('When it is tried again or given up; null while it is parked.')),
});

export const SagaViewSchema = Type.Object({
  id: Type.String(),
  name: Type.String(),
  definitionVersion: Type.Integer(),
  status: Type.Union(SAGA_STATUSES.map((status) => Type.Literal(status))),
  step: nullable(Type.String({ description: 'The current step; null at the end.' })),
  awaited: nullable(Awaited),
  failure: nullable(Failure),
  lastError: nullable(Failure),
  data: Type.Unknown({ description: "The saga's business data." }),
  traceparent: nullable(Type.String()),
  createdAt: timestamp('When it was started.'),
  updatedAt: timestamp('When it last changed.'),
  endedAt: nullable(timestamp('When it was completed or compensated.')),
  history: Type.Array(HistoryItem),
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
    lastError: instance.lastError,
    data: instance.data,
    traceparent: instance.traceparent,
    createdAt: iso(createdAt),
    updatedAt: iso(updatedAt),
    endedAt: endedAt === null ? null : iso(endedAt),
    history: history.flatMap(({ version, at, entries }) => entries.map((entry) => historyItem(version, at, entry))),
  };
}

function historyItem(number: number, at: number, { until, ...entry }: HistoryEntry): SagaView['history'][number] {
  return { number, at: iso(at), ...entry, ...(until === undefined ? {} : { until: iso(until) }) };
}

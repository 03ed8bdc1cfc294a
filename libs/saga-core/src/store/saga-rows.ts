/** Saga instances as rows, and back. */
import { sql, type RawBuilder } from 'kysely';
import type { HistoryEntry } from '../engine/history.js';
import { hasEnded, type SagaInstance } from '../engine/instance.js';
import type { SagaChange } from '../engine/saga-store.js';
import { toJson } from './json.js';

/** The columns that {@link instanceOf} needs, times as milliseconds. */
export const INSTANCE_COLUMNS = `saga_id, saga_name, definition_version, status, version, sequence, awaited, data, actions, failure, last_error, traceparent, created_at`;

export interface InstanceRow {
  saga_id: string;
  saga_name: string;
  definition_version: number;
  status: SagaInstance['status'];
  version: number;
  sequence: number;
  awaited: SagaInstance['awaited'];
  data: unknown;
  actions: SagaInstance['actions'];
  failure: SagaInstance['failure'];
  last_error: SagaInstance['lastError'];
  traceparent: string | null;
  created_at: Date;
}

export interface HistoryRow {
  version: number;
  at: number;
  entries: readonly HistoryEntry[];
}

/** @returns the instance that a row holds. */
export function instanceOf(row: InstanceRow): SagaInstance {
  return {
    id: row.saga_id,
    sagaName: row.saga_name,
    definitionVersion: row.definition_version,
    status: row.status,
    version: row.version,
    sequence: row.sequence,
    awaited: row.awaited,
    data: row.data,
    actions: row.actions,
    failure: row.failure,
    lastError: row.last_error,
    traceparent: row.traceparent,
    startedAt: row.created_at.getTime(),
  };
}

const json = (value: unknown): string | null => (value === null ? null : toJson(value));

/**
 * @returns changes as a table `input`, in the order of their ids. Null for `data` keeps what was saved. (An array for each column costs PostgreSQL
 *   half of what one JSON document for all does.)
 */
export function inputOf(changes: readonly SagaChange[]): RawBuilder<unknown> {
  const sorted = [...changes].sort((a, b) => (a.instance.id < b.instance.id ? -1 : 1));
  const each = <Value>(valueOf: (change: SagaChange) => Value): Value[] => sorted.map(valueOf);
  return sql`unnest(
    ${each(({ instance }) => instance.id)}::uuid[], ${each(({ instance }) => instance.sagaName)}::text[],
    ${each(({ instance }) => instance.definitionVersion)}::integer[], ${each(({ instance }) => instance.status)}::text[],
    ${each(({ instance }) => instance.version)}::integer[], ${each(({ instance }) => instance.sequence)}::integer[],
    ${each(({ instance }) => instance.awaited?.name ?? null)}::text[], ${each(({ instance }) => json(instance.awaited))}::json[],
    ${each(({ instance }) => instance.awaited?.until ?? null)}::float8[],
    ${each(({ instance, keepsData }) => (keepsData ? null : toJson(instance.data)))}::jsonb[],
    ${each(({ instance }) => json(instance.actions))}::json[], ${each(({ instance }) => json(instance.failure))}::json[],
    ${each(({ instance }) => json(instance.lastError))}::json[], ${each(({ instance }) => instance.traceparent)}::text[],
    ${each(({ instance }) => instance.startedAt)}::float8[],
    ${each(({ instance }) => hasEnded(instance.status))}::boolean[], ${each(({ history }) => toJson(history))}::json[]
  ) as input(saga_id, saga_name, definition_version, status, version, sequence, step, awaited, deadline, data, actions, failure, last_error, traceparent,
    started, ended, entries)`;
}

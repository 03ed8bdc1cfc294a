/** Saga instances as rows, and back. */
import type { HistoryEntry } from '../engine/history.js';
import { hasEnded, type SagaInstance } from '../engine/instance.js';
import type { SagaChange } from '../engine/saga-store.js';

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

/** The columns of {@link recordOf}, for jsonb_to_recordset. */
export const CHANGE_COLUMNS = `saga_id uuid, saga_name text, definition_version integer, status text, version integer, sequence integer, step text,
  awaited jsonb, deadline float8, data jsonb, actions jsonb, failure jsonb, last_error jsonb, traceparent text, started float8, ended boolean, entries jsonb`;

/** @returns a change as a record with the columns of {@link CHANGE_COLUMNS}. */
export function recordOf({ instance, history }: SagaChange): Record<string, unknown> {
  return {
    saga_id: instance.id,
    saga_name: instance.sagaName,
    definition_version: instance.definitionVersion,
    status: instance.status,
    version: instance.version,
    sequence: instance.sequence,
    step: instance.awaited?.name ?? null,
    awaited: instance.awaited,
    deadline: instance.awaited?.until ?? null,
    data: instance.data,
    actions: instance.actions,
    failure: instance.failure,
    last_error: instance.lastError,
    traceparent: instance.traceparent,
    started: instance.startedAt,
    ended: hasEnded(instance.status),
    entries: history,
  };
}

/** Saga instances as rows, and back. */
import type { RawBuilder } from 'kysely';
import { frozen } from '../contract/as-saved.js';
import type { HistoryEntry } from '../engine/history.js';
import { hasEnded, type SagaInstance } from '../engine/instance.js';
import type { SagaChange } from '../orchestrator/saga-store.js';
import { toJson } from './json.js';
import { unnestRows, type UnnestColumn } from './unnest-rows.js';

/**
 * The columns that {@link instanceOf} needs but for `until`, the deadline in milliseconds by the clock that is asked
 * for.
 */
export const INSTANCE_COLUMNS = `saga_id, saga_name, definition_version, fingerprint, status, version, sequence, awaited, data, actions, failure, last_error, traceparent, coalesce(started_at, created_at) as started_at`;

export interface InstanceRow {
  saga_id: string;
  saga_name: string;
  definition_version: number;
  fingerprint: string | null;
  status: SagaInstance['status'];
  version: number;
  sequence: number;
  awaited: SagaInstance['awaited'];
  data: unknown;
  actions: SagaInstance['actions'];
  failure: SagaInstance['failure'];
  last_error: SagaInstance['lastError'];
  traceparent: string | null;
  started_at: Date;
  /** The awaited command's; its row is the truth of it, and not its JSON. */
  until: number | null;
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
    fingerprint: row.fingerprint,
    status: row.status,
    version: row.version,
    sequence: row.sequence,
    awaited: row.awaited && { ...row.awaited, until: row.until },
    data: frozen(row.data),
    actions: row.actions,
    failure: row.failure,
    lastError: row.last_error,
    traceparent: row.traceparent,
    startedAt: row.started_at.getTime(),
  };
}

/** Times travel as durations, counted from the decision: the database adds them to its clock. */
const since = (decidedAt: number, at: number | null | undefined): number | null => (at == null ? null : at - decidedAt);

/** @returns changes as a table `input`, in the order of their ids. Null for `data` keeps what was saved. */
export function inputOf(changes: readonly SagaChange[]): RawBuilder<unknown> {
  const sorted = [...changes].sort((a, b) => (a.instance.id < b.instance.id ? -1 : 1));
  return unnestRows('input', sorted, INPUT);
}

const INPUT: Readonly<Record<string, UnnestColumn<SagaChange>>> = {
  saga_id: ['uuid', ({ instance }) => instance.id],
  saga_name: ['text', ({ instance }) => instance.sagaName],
  definition_version: ['integer', ({ instance }) => instance.definitionVersion],
  fingerprint: ['text', ({ instance }) => instance.fingerprint],
  status: ['text', ({ instance }) => instance.status],
  version: ['integer', ({ instance }) => instance.version],
  sequence: ['integer', ({ instance }) => instance.sequence],
  step: ['text', ({ instance }) => instance.awaited?.name],
  awaited: ['json', ({ instance }) => instance.awaited, toJson],
  due_in: ['float8', ({ instance, decidedAt }) => since(decidedAt, instance.awaited?.until)],
  keeps_deadline: ['boolean', ({ keepsDeadline }) => keepsDeadline ?? false],
  data: ['jsonb', ({ instance, keepsData }) => (keepsData ? null : instance.data), toJson],
  actions: ['json', ({ instance }) => instance.actions, toJson],
  failure: ['json', ({ instance }) => instance.failure, toJson],
  last_error: ['json', ({ instance }) => instance.lastError, toJson],
  traceparent: ['text', ({ instance }) => instance.traceparent],
  started: ['float8', ({ instance, decidedAt }) => since(decidedAt, instance.startedAt)],
  ended: ['boolean', ({ instance }) => hasEnded(instance.status)],
  entries: ['json', ({ history }) => history, toJson],
};

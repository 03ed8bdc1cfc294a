/**
 * Lists of sagas. What lives has a timer or is stuck, and a partial index each: only a list of what has ended reads by
 * primary key, newest first, in which ids are UUIDv7.
 */
import { sql, type Kysely, type RawBuilder } from 'kysely';
import type { SagaStatus } from '../engine/instance.js';
import { normalizedMessage } from './normalized-message.js';
import { SHOWN_DEADLINE } from './saga-clock.js';
import { INSTANCE_COLUMNS, instanceOf, type InstanceRow } from './saga-rows.js';
import { unnestValues } from './unnest-rows.js';
import type { SagaInstance } from '../engine/instance.js';

/** Which sagas; all that is given must hold. */
export interface ListFilter {
  readonly status?: SagaStatus;
  readonly saga?: string;
  readonly step?: string;
  readonly minAgeSeconds?: number;
  readonly minAttempts?: number;
  /** Its last error has this code. */
  readonly code?: string;
  /** The message of its last error is like this one. */
  readonly message?: string;
  /** It has changed since, in milliseconds since the epoch. */
  readonly changedSince?: number;
  /** Only these. */
  readonly ids?: readonly string[];
  /** The data holds this text at this path. */
  readonly data?: { readonly path: readonly string[]; readonly value: string };
}
export type ListSort = 'newest' | 'stalest' | 'attempts';

/** The place after which a page begins: what the last saga was sorted by, and its id. */
export interface ListPosition {
  readonly key: string;
  readonly id: string;
}

/** Times are milliseconds since the epoch. */
export interface ListedSaga {
  readonly instance: SagaInstance;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly endedAt: number | null;
  readonly ageMs: number;
  /** What it was sorted by. */
  readonly key: string;
}

type ListedRow = InstanceRow & { created: number; updated: number; ended: number | null; age: number; key: string };

const epochMs = (column: string) => sql.raw(`(extract(epoch from ${column}) * 1000)::float8`);
/** So written that the partial indexes fit. */
const IS_LIVING = sql`(wake_at is not null or status = 'stuck')`;
export const LISTED_COLUMNS = sql`${sql.raw(INSTANCE_COLUMNS)}, ${SHOWN_DEADLINE}, ${epochMs('created_at')} as created, ${epochMs('updated_at')} as updated,
  ${epochMs('ended_at')} as ended, (extract(epoch from coalesce(ended_at, clock_timestamp()) - created_at) * 1000)::float8 as age`;

const ATTEMPT = sql`coalesce((awaited ->> 'attempt')::integer, 0)`;
const ORDERS: Record<
  ListSort,
  { key: RawBuilder<unknown>; order: RawBuilder<unknown>; after: (place: ListPosition) => RawBuilder<unknown> }
> = {
  newest: { key: sql`''`, order: sql`saga_id desc`, after: ({ id }) => sql`saga_id < ${id}::uuid` },
  stalest: {
    key: sql`(extract(epoch from updated_at) * 1000000)::bigint`,
    order: sql`updated_at, saga_id`,
    after: ({ key, id }) =>
      sql`(updated_at, saga_id) > (timestamptz 'epoch' + ${key}::bigint * interval '1 microsecond', ${id}::uuid)`,
  },
  attempts: {
    key: ATTEMPT,
    order: sql`${ATTEMPT} desc, saga_id desc`,
    after: ({ key, id }) => sql`(${ATTEMPT}, saga_id) < (${key}::integer, ${id}::uuid)`,
  },
};

/** @returns the rows that LISTED_COLUMNS gave. */
export const listedOf = (row: Omit<ListedRow, 'key'> & { key?: string }): ListedSaga => ({
  instance: instanceOf(row),
  createdAt: row.created,
  updatedAt: row.updated,
  endedAt: row.ended,
  ageMs: Math.max(0, Math.round(row.age)),
  key: row.key ?? '',
});

/**
 * One page of sagas.
 *
 * @param after - the place of the last saga of the page before; null for the first
 * @param limit - the most sagas
 */
export async function listSagas<Db>(
  database: Kysely<Db>,
  filter: ListFilter,
  { sort, after, limit }: { sort: ListSort; after: ListPosition | null; limit: number },
): Promise<ListedSaga[]> {
  const by = ORDERS[sort];
  const conditions = conditionsOf(filter, sort);
  if (after) conditions.push(by.after(after));
  const where = joined(conditions);
  const { rows } = await sql<ListedRow>`
    select ${LISTED_COLUMNS}, (${by.key})::text as key from saga_instance ${where} order by ${by.order} limit ${limit}`.execute(
    database,
  );
  return rows.map(listedOf);
}

/** @returns the condition of a statement on saga_instance, for all that match. */
export const whereOf = (filter: ListFilter): RawBuilder<unknown> => joined(conditionsOf(filter, 'newest'));

const joined = (conditions: readonly RawBuilder<unknown>[]): RawBuilder<unknown> =>
  conditions.length > 0 ? sql`where ${sql.join(conditions, sql` and `)}` : sql``;

function conditionsOf(filter: ListFilter, sort: ListSort): RawBuilder<unknown>[] {
  const { status, saga, step, minAgeSeconds, minAttempts, ids, data, code, message, changedSince } = filter;
  const conditions: RawBuilder<unknown>[] = [];
  if (status === 'stuck') conditions.push(sql`status = 'stuck'`);
  else if (status === 'running' || status === 'compensating') conditions.push(sql`wake_at is not null`);
  else if (status === undefined && (step !== undefined || minAttempts !== undefined || sort !== 'newest'))
    conditions.push(IS_LIVING);
  if (status !== undefined && status !== 'stuck') conditions.push(sql`status = ${status}`);
  if (saga !== undefined) conditions.push(sql`saga_name = ${saga}`);
  // The console and people call a step by the second part of its task.
  if (step !== undefined) conditions.push(sql`${step} in (step, split_part(step, '.', 2))`);
  if (minAgeSeconds !== undefined)
    conditions.push(sql`created_at <= clock_timestamp() - ${minAgeSeconds}::float8 * interval '1 second'`);
  if (minAttempts !== undefined) conditions.push(sql`${ATTEMPT} >= ${minAttempts}`);
  if (code !== undefined) conditions.push(sql`last_error ->> 'code' = ${code}`);
  if (message !== undefined)
    conditions.push(
      sql`${normalizedMessage(sql`last_error ->> 'message'`)} = ${normalizedMessage(sql`${message}::text`)}`,
    );
  if (changedSince !== undefined) conditions.push(sql`updated_at >= to_timestamp(${changedSince / 1000}::float8)`);
  if (ids) conditions.push(sql`saga_id in ${unnestValues('uuid', ids)}`);
  if (data) conditions.push(sql`data #>> ${[...data.path]}::text[] = ${data.value}`);
  return conditions;
}

/** What operators did, newest first. What they did to a saga stands in its own history as well, committed with it; this is the list of all of it. */
import { sql, type Kysely } from 'kysely';
import { uuidv7 } from 'uuidv7';

export interface OperatorAct {
  readonly operator: string;
  readonly reason: string;
  /** Such as `retry`, or `replay-dead-letters`. */
  readonly action: string;
  /** null where it concerned no single saga. */
  readonly sagaId: string | null;
  readonly details: unknown;
}

/** `at` is milliseconds since the epoch. */
export interface RecordedAct extends OperatorAct {
  readonly id: string;
  readonly at: number;
}

/** Adds an act. */
export async function recordAct<Db>(
  database: Kysely<Db>,
  { operator, reason, action, sagaId, details }: OperatorAct,
): Promise<void> {
  await sql`insert into saga_operator_act (act_id, operator, reason, action, saga_id, details)
    values (${uuidv7()}, ${operator}, ${reason}, ${action}, ${sagaId}, ${JSON.stringify(details ?? null)}::jsonb)`.execute(
    database,
  );
}

/**
 * @param options.before - the id of the last act of the page before; null for the first page
 * @param options.limit - the most acts
 * @returns a page of acts, newest first
 */
export async function listActs<Db>(
  database: Kysely<Db>,
  { before, limit }: { before: string | null; limit: number },
): Promise<RecordedAct[]> {
  const { rows } = await sql<RecordedAct>`
    select act_id as id, (extract(epoch from at) * 1000)::float8 as at, operator, reason, action, saga_id as "sagaId", details
    from saga_operator_act where ${before}::uuid is null or act_id < ${before}::uuid order by act_id desc limit ${limit}`.execute(
    database,
  );
  return rows;
}

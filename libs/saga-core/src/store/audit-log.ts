/**
 * What operators did, newest first. Invariant kept here: an act that cannot be recorded is not done. What is done to
 * rows is recorded in the same transaction; what is done elsewhere, to letters of the broker, is recorded before it,
 * and what came of it is added. What was done to a saga stands in its own history as well, committed with it.
 */
import { sql, type Kysely } from 'kysely';
import { uuidv7 } from 'uuidv7';
import { toJson, toText } from './json.js';

export interface AuditEntry {
  readonly operator: string;
  readonly reason: string;
  /** Such as `retry`, or `replay-dead-letters`. */
  readonly action: string;
  /** null where it concerned no single saga. */
  readonly sagaId: string | null;
  readonly details: unknown;
}

/** `at` is milliseconds since the epoch. */
export interface StoredAuditEntry extends AuditEntry {
  readonly id: string;
  readonly at: number;
}

/** Adds an act. @returns its id */
export async function addAuditEntry<Db>(
  database: Kysely<Db>,
  { operator, reason, action, sagaId, details }: AuditEntry,
): Promise<string> {
  const id = uuidv7();
  await sql`insert into saga_operator_act (act_id, operator, reason, action, saga_id, details)
    values (${id}, ${toText(operator)}, ${toText(reason)}, ${action}, ${sagaId}, ${toJson(details ?? null)}::jsonb)`.execute(
    database,
  );
  return id;
}

/** Says what came of an act that was recorded before it was done. */
export async function completeAuditEntry<Db>(database: Kysely<Db>, id: string, details: unknown): Promise<void> {
  await sql`update saga_operator_act set details = ${toJson(details ?? null)}::jsonb where act_id = ${id}`.execute(
    database,
  );
}

/** Takes back the record of an act that did nothing. */
export async function removeAuditEntry<Db>(database: Kysely<Db>, id: string): Promise<void> {
  await sql`delete from saga_operator_act where act_id = ${id}`.execute(database);
}

/**
 * @param options.before - the id of the last act of the page before; null for the first page
 * @param options.limit - the most acts
 * @returns a page of acts, newest first
 */
export async function listAuditEntries<Db>(
  database: Kysely<Db>,
  { before, limit }: { before: string | null; limit: number },
): Promise<StoredAuditEntry[]> {
  const { rows } = await sql<StoredAuditEntry>`
    select act_id as id, (extract(epoch from at) * 1000)::float8 as at, operator, reason, action, saga_id as "sagaId", details
    from saga_operator_act where ${before}::uuid is null or act_id < ${before}::uuid order by act_id desc limit ${limit}`.execute(
    database,
  );
  return rows;
}

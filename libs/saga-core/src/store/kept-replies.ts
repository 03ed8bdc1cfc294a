/**
 * Replies to sagas of which the process that received them does not know the definition: they wait in the database for
 * one that does.
 */
import { sql, type RawBuilder, type Transaction } from 'kysely';
import type { Outcome } from '../contract/outcome.js';
import { commandIdOf, parseCommandId } from '../contract/routing.js';
import type { DefinitionKey, KeptReply } from '../orchestrator/saga-store.js';
import { toJson } from './json.js';
import { isKnown } from './known-definitions.js';
import { unnestRows, unnestValues } from './unnest-rows.js';

/** Keeps replies; one that is kept already stays as it is. */
export async function keepReplies<Db>(tx: Transaction<Db>, replies: readonly KeptReply[]): Promise<void> {
  if (replies.length === 0) return;
  const rows = replies.map((reply) => ({ ...reply, ...parseCommandId(reply.commandId)! }));
  await sql`
    insert into saga_kept_reply (saga_id, sequence, task, attempt, outcome, redelivered)
    select saga_id, sequence, task, attempt, outcome, redelivered
    from ${unnestRows('reply', rows, {
      saga_id: ['uuid', ({ sagaId }) => sagaId],
      sequence: ['integer', ({ sequence }) => sequence],
      task: ['text', ({ task }) => task ?? ''],
      attempt: ['integer', ({ attempt }) => attempt ?? 0],
      outcome: ['jsonb', ({ outcome }) => outcome, toJson],
      redelivered: ['boolean', ({ redelivered }) => redelivered],
    })}
    order by saga_id, sequence, task, attempt
    on conflict do nothing`.execute(tx);
}

/** @returns a further condition, for these sagas to be left out */
export const excludingIds = (ids: readonly string[]): RawBuilder<unknown> =>
  ids.length === 0 ? sql`` : sql`and saga_id <> all(${ids}::uuid[])`;

/**
 * @param only - the ids that may be among them; any unless given
 * @returns the ids of at most so many sagas of these definitions for which replies are kept
 */
export async function sagasWithKeptReplies<Db>(
  tx: Transaction<Db>,
  limit: number,
  definitions: readonly DefinitionKey[],
  only?: readonly string[],
  except: readonly string[] = [],
): Promise<string[]> {
  const among = only ? sql`and saga_id in ${unnestValues('uuid', only)}` : sql``;
  const { rows } = await sql<{ saga_id: string }>`
    select distinct saga_id from saga_kept_reply join saga_instance using (saga_id)
    where ${isKnown(definitions)} ${among} ${excludingIds(except)}
    limit ${limit}`.execute(tx);
  return rows.map(({ saga_id }) => saga_id);
}

interface KeptRow {
  saga_id: string;
  sequence: number;
  /** Empty for what was kept when tasks were not. */
  task: string;
  /** 0 where it was not echoed. */
  attempt: number;
  outcome: Outcome;
  redelivered: boolean;
}

/** Takes the replies that are kept for these sagas; the sagas must be locked. @returns them, oldest first */
export async function takeKeptReplies<Db>(tx: Transaction<Db>, ids: readonly string[]): Promise<KeptReply[]> {
  if (ids.length === 0) return [];
  const { rows } = await sql<KeptRow>`
    with taken as (delete from saga_kept_reply where saga_id in ${unnestValues('uuid', ids)} returning *)
    select saga_id, sequence, task, attempt, outcome, redelivered from taken order by kept_at, sequence`.execute(tx);
  return rows.map(({ saga_id, sequence, task, attempt, outcome, redelivered }) => ({
    commandId: commandIdOf(saga_id, sequence),
    ...(task === '' ? {} : { task }),
    ...(attempt === 0 ? {} : { attempt }),
    outcome,
    redelivered,
  }));
}

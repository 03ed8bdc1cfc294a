/**
 * The inbox on PostgreSQL. Invariants kept here:
 * - The primary key lets one transaction at most handle a command; others wait for its end and then see its answer.
 * - Batches are claimed in the order of their identities, so that two processes cannot deadlock over them.
 * - What may have been purged is not claimed as new: see purge-inbox.ts.
 */
import { sql, type Kysely, type RawBuilder, type Transaction } from 'kysely';
import type { CommandIdentity } from '../contract/routing.js';
import type { Outcome } from '../contract/outcome.js';
import {
  DuplicateCommand,
  type InboxAnswer,
  type InboxClaim,
  type InboxSession,
  type InboxState,
  type InboxStore,
} from '../participant/inbox-store.js';
import { abandonerOf, sessionResetterOf } from './abandon-connection.js';
import { databaseAnswers } from './database-answers.js';
import { isDivisionByZero, isUniqueViolation } from './database-errors.js';
import { toJson } from './json.js';
import { executeLast } from './pipelining-driver.js';
import { isBeyondHorizon } from './purge-inbox.js';
import { inSavepoint } from './savepoints.js';
import { unnestRows, type UnnestColumn } from './unnest-rows.js';

interface InboxRow {
  saga_id: string;
  sequence: number;
  state: InboxState['type'];
  outcome: Outcome | null;
}

/**
 * @param database - must hold the tables of participantMigrations
 * @returns the port's implementation
 */
export function postgresInboxStore<Db>(database: Kysely<Db>): InboxStore<Transaction<Db>> {
  const within = (
    tx: Transaction<Db>,
    abandon: () => void,
    resetSession: () => Promise<void>,
  ): InboxSession<Transaction<Db>> => ({
    tx,
    claim: (claims) => claim(tx, claims),
    answer: (answers) => answer(tx, answers),
    recordLast: (answers) => recordLast(tx, answers),
    release: (identities) => release(tx, identities),
    isolated: (work) => inSavepoint(tx, work),
    abandon,
    resetSession,
  });
  return {
    transaction: (work) =>
      database
        .transaction()
        .execute(async (tx) => work(within(tx, await abandonerOf(tx), await sessionResetterOf(tx)))),
    isReachable: () => databaseAnswers(database, 'saga_inbox'),
  };
}

const KEY: Readonly<Record<string, UnnestColumn<CommandIdentity>>> = {
  saga_id: ['uuid', ({ sagaId }) => sagaId],
  sequence: ['integer', ({ sequence }) => sequence],
};
const keyOf = (sagaId: string, sequence: number): string => `${sagaId}:${sequence}`;

async function claim<Db>(tx: Transaction<Db>, claims: readonly InboxClaim[]): Promise<InboxState[]> {
  const identities = claims.map(({ identity }) => identity);
  const { rows: claimed } = await sql<{ saga_id: string; sequence: number }>`
    insert into saga_inbox (saga_id, sequence, state)
    select * from ${unnestRows('claim', claims, {
      saga_id: ['uuid', ({ identity }) => identity.sagaId],
      sequence: ['integer', ({ identity }) => identity.sequence],
      state: ['text', ({ as }) => (as === 'barred' ? 'barred' : 'claimed')],
    })}
    where not ${isBeyondHorizon(sql.ref('claim.saga_id'))}
    order by saga_id, sequence
    on conflict do nothing returning saga_id, sequence`.execute(tx);
  const mine = new Set(claimed.map(({ saga_id, sequence }) => keyOf(saga_id, sequence)));
  const known = mine.size === claims.length ? new Map<string, InboxState>() : await read(tx, identities);
  return claims.map(({ identity }) => {
    const key = keyOf(identity.sagaId, identity.sequence);
    return mine.has(key) ? ({ type: 'claimed' } as const) : (known.get(key) ?? { type: 'expired' });
  });
}

async function read<Db>(tx: Transaction<Db>, identities: readonly CommandIdentity[]): Promise<Map<string, InboxState>> {
  const { rows } = await sql<InboxRow>`
    select inbox.saga_id, inbox.sequence, state, outcome from saga_inbox inbox
    join ${unnestRows('claim', identities, KEY)} using (saga_id, sequence)`.execute(tx);
  return new Map(
    rows.map(({ saga_id, sequence, state, outcome }) => [
      keyOf(saga_id, sequence),
      state === 'answered' ? { type: state, outcome: outcome! } : { type: state },
    ]),
  );
}

/** Answers as a table `answer`, in the order of their identities. */
function answersOf(answers: readonly InboxAnswer[]): RawBuilder<unknown> {
  const sorted = [...answers].sort((a, b) => compare(a.identity, b.identity));
  return unnestRows('answer', sorted, {
    saga_id: ['uuid', ({ identity }) => identity.sagaId],
    sequence: ['integer', ({ identity }) => identity.sequence],
    state: ['text', ({ outcome }) => (outcome === null ? 'withheld' : 'answered')],
    outcome: ['json', ({ outcome }) => outcome, toJson],
  });
}

const compare = (a: CommandIdentity, b: CommandIdentity): number =>
  a.sagaId === b.sagaId ? a.sequence - b.sequence : a.sagaId < b.sagaId ? -1 : 1;

async function answer<Db>(tx: Transaction<Db>, answers: readonly InboxAnswer[]): Promise<void> {
  if (answers.length === 0) return;
  await sql`
    update saga_inbox inbox set state = answer.state, outcome = answer.outcome from ${answersOf(answers)}
    where inbox.saga_id = answer.saga_id and inbox.sequence = answer.sequence`.execute(tx);
}

async function recordLast<Db>(tx: Transaction<Db>, answers: readonly InboxAnswer[]): Promise<void> {
  if (answers.length === 0) return;
  try {
    // It fails when one was not recorded, so that the COMMIT which travels with it commits nothing.
    await executeLast(
      tx,
      sql`
        with recorded as (
          insert into saga_inbox (saga_id, sequence, state, outcome) select * from ${answersOf(answers)}
          where not ${isBeyondHorizon(sql.ref('answer.saga_id'))} returning 1
        )
        select 1 / (count(*) = ${answers.length})::integer from recorded`,
    );
  } catch (error) {
    throw isUniqueViolation(error) || isDivisionByZero(error) ? new DuplicateCommand() : error;
  }
}

async function release<Db>(tx: Transaction<Db>, identities: readonly CommandIdentity[]): Promise<void> {
  if (identities.length === 0) return;
  await sql`
    delete from saga_inbox inbox
    using ${unnestRows('released', identities, KEY)}
    where inbox.saga_id = released.saga_id and inbox.sequence = released.sequence`.execute(tx);
}

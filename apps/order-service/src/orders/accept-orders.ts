/**
 * Invariants kept here:
 * - An order, its saga and its Idempotency-Key commit together or not at all; only then is a command published.
 * - A caller is told what the database holds: that an order was taken, that it was not, or that this is not known.
 */
import type { Kysely, Transaction } from 'kysely';
import { isUnavailable, SagaError, type Logger, type Orchestrator } from 'saga-core';
import { createOrderSaga } from '../create-order-saga/create-order-saga.js';
import type { OrderDatabase } from '../database.js';
import type { Candidate, Outcome } from './candidate.js';
import { claimKeys, type KeyOwner } from './idempotency-keys.js';
import { orderNotAccepted, OutcomeUnknown } from './order-problems.js';
import { findOrdersAndCommit } from './order-queries.js';
import { findEarlier, outcomeOf } from './replays.js';
import { findCommitted } from './unknown-commit.js';

/** What taking orders needs. */
export interface IntakeParts {
  readonly database: Kysely<OrderDatabase>;
  readonly orchestrator: Pick<Orchestrator<OrderDatabase>, 'start'>;
  readonly logger: Logger;
}

type Started = Awaited<ReturnType<IntakeParts['orchestrator']['start']>>;

/**
 * Takes a batch of orders in one transaction.
 *
 * @returns for each candidate its order, or the problem that its caller is told; promises of them when the answer to
 *   COMMIT was lost, and they are looked up
 * @throws whatever kept the transaction from being committed; then nothing of the batch was kept
 */
export async function acceptOrders(
  parts: IntakeParts,
  candidates: readonly Candidate[],
): Promise<(Outcome | Promise<Outcome>)[]> {
  const progress = { started: null as Started | null, committing: false };
  try {
    const { ownerOf, orders } = await parts.database.transaction().execute(async (tx) => {
      const taken = await takeWithin(tx, parts, candidates);
      progress.started = taken.started;
      progress.committing = true;
      const ids = candidates.map((candidate) => taken.ownerOf(candidate).orderId);
      return { ...taken, orders: await findOrdersAndCommit(tx, ids) };
    });
    publish(progress.started, parts.logger);
    return candidates.map((candidate) => {
      const owner = ownerOf(candidate);
      return outcomeOf(candidate.claim, owner, orders, owner.orderId !== candidate.orderId);
    });
  } catch (error) {
    if (!progress.committing || !isLost(error)) throw error;
    parts.logger.warn({ err: error }, 'the connection was lost during COMMIT');
    // Looked up aside: those who come after them need not wait for it.
    const outcomes = outcomesOfLost(parts, candidates, progress.started, error);
    return candidates.map(async (_candidate, index) => (await outcomes)[index]!);
  }
}

async function takeWithin(
  tx: Transaction<OrderDatabase>,
  { orchestrator }: IntakeParts,
  candidates: readonly Candidate[],
): Promise<{ ownerOf: (candidate: Candidate) => KeyOwner; started: Started | null }> {
  const owners = await claimKeys(
    tx,
    candidates.flatMap(({ claim, orderId }) => (claim ? [{ ...claim, orderId }] : [])),
  );
  const ownerOf = ({ claim, orderId }: Candidate): KeyOwner => {
    // Without a key, every request is the first of its kind.
    const owner = claim ? owners.get(claim.key) : { requestHash: '', orderId };
    if (!owner) throw new Error('An Idempotency-Key was claimed, and yet nobody has it');
    return owner;
  };
  const first = candidates.filter((candidate) => ownerOf(candidate).orderId === candidate.orderId);
  const started = first.length > 0 ? await orchestrator.start(tx, createOrderSaga, first.map(instanceOf)) : null;
  return { ownerOf, started };
}

const instanceOf = ({ sagaId, orderId, order, traceparent }: Candidate) => ({
  id: sagaId,
  data: { orderId, ...order },
  ...(traceparent === null ? {} : { traceparent }),
});

/** Nobody waits for it: the orders stand, and a command that gets lost is sent when its deadline has passed. */
function publish(started: Started | null, logger: Logger): void {
  started
    ?.publish()
    .catch((error: unknown) => logger.error({ err: error }, 'sagas were started, and something failed after that'));
}

/**
 * @returns whether COMMIT may have happened. A COMMIT that answers ROLLBACK has not: a statement of the batch had
 *   failed before.
 */
const isLost = (error: unknown): boolean =>
  isUnavailable(error) && !(error instanceof SagaError && error.code === 'COMMIT_ROLLED_BACK');

/** @returns what became of the orders of a lost transaction. It never rejects. */
async function outcomesOfLost(
  { database, logger }: IntakeParts,
  candidates: readonly Candidate[],
  started: Started | null,
  cause: unknown,
): Promise<Outcome[]> {
  const ids = candidates.map(({ orderId }) => orderId);
  const committed = await findCommitted(database, ids, logger);
  if (!committed) return candidates.map(({ orderId }) => new OutcomeUnknown(orderId, cause));
  if (committed.size > 0) publish(started, logger);
  // Its key may belong to another order: of the same batch, or of an earlier one.
  const claims = candidates.flatMap(({ claim, orderId }) => (claim && !committed.has(orderId) ? [claim] : []));
  const earlier = await findEarlier(database, claims).catch(() => null);
  return candidates.map(({ orderId, claim }) => {
    const order = committed.get(orderId);
    if (order) return { order, replayed: false };
    if (claim && !earlier) return new OutcomeUnknown(orderId, cause);
    return (claim && earlier?.get(claim)) ?? orderNotAccepted('the connection to the database was lost', cause);
  });
}

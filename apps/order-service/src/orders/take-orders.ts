/**
 * Invariants kept here:
 * - An order, its saga and its Idempotency-Key commit together or not at all; only then is a command published.
 * - A caller is told what the database holds: that an order was taken, that it was not, or that this is not known.
 */
import type { Kysely } from 'kysely';
import { isUnavailable, type Logger, type Orchestrator } from 'saga-core';
import { createOrderSaga } from '../create-order-saga/create-order-saga.js';
import type { OrderDatabase } from '../database.js';
import { claimKeys, type KeyOwner } from './idempotency-keys.js';
import { keyReused, notTaken, OutcomeUnknown } from './order-problems.js';
import { findOrders } from './order-queries.js';
import type { NewOrder, Order } from './order-schemas.js';
import { findCommitted } from './unknown-commit.js';

/** An order that is to be taken. */
export interface Candidate {
  readonly orderId: string;
  readonly sagaId: string;
  readonly order: NewOrder;
  /** The Idempotency-Key, if there is one, and what its request asks for. */
  readonly claim: { readonly key: string; readonly requestHash: string } | null;
  /** W3C trace context of the caller, for the messages that its order causes. */
  readonly traceparent: string | null;
}

/** An order as it was stored; `replayed` when an earlier request with the same key has begun it. */
export interface TakenOrder {
  readonly order: Order;
  readonly replayed: boolean;
}

/** What taking orders needs. */
export interface IntakeParts {
  readonly database: Kysely<OrderDatabase>;
  readonly orchestrator: Pick<Orchestrator<OrderDatabase>, 'start'>;
  readonly logger: Logger;
}

type Started = Awaited<ReturnType<IntakeParts['orchestrator']['start']>>;

/**
 * Takes a set of orders in one transaction.
 *
 * @returns for each candidate its order, or the problem that its caller is told
 * @throws whatever kept the transaction from being committed; then nothing of the set was kept
 */
export async function takeOrders(
  parts: IntakeParts,
  candidates: readonly Candidate[],
): Promise<(TakenOrder | Error)[]> {
  const { database, orchestrator, logger } = parts;
  const progress = { started: null as Started | null, committing: false };
  let outcomes: (TakenOrder | Error)[];
  try {
    outcomes = await database.transaction().execute(async (tx) => {
      const owners = await claimKeys(tx, candidates.flatMap(claimsOf));
      const first = candidates.filter((candidate) => ownerOf(candidate, owners).orderId === candidate.orderId);
      if (first.length > 0) progress.started = await orchestrator.start(tx, createOrderSaga, first.map(instanceOf));
      const ids = candidates.map((candidate) => ownerOf(candidate, owners).orderId);
      const orders = await findOrders(tx, ids);
      progress.committing = true;
      return candidates.map((candidate) => outcomeOf(candidate, ownerOf(candidate, owners), orders));
    });
  } catch (error) {
    if (!progress.committing || !isUnavailable(error)) throw error;
    logger.warn({ err: error }, 'the connection was lost during COMMIT');
    outcomes = await outcomesOfLost(parts, candidates, error);
    if (outcomes.every((outcome) => outcome instanceof Error)) return outcomes;
  }
  // Nobody waits for it: the orders stand, and a command that gets lost is sent when its deadline has passed.
  void progress.started?.publish();
  return outcomes;
}

const claimsOf = ({ claim, orderId }: Candidate) => (claim ? [{ ...claim, orderId }] : []);

const instanceOf = ({ sagaId, orderId, order, traceparent }: Candidate) => ({
  id: sagaId,
  data: { orderId, ...order },
  ...(traceparent === null ? {} : { traceparent }),
});

/** Without a key, every request is the first of its kind. */
function ownerOf({ claim, orderId }: Candidate, owners: ReadonlyMap<string, KeyOwner>): KeyOwner {
  if (!claim) return { requestHash: '', orderId };
  const owner = owners.get(claim.key);
  if (!owner) throw new Error('An Idempotency-Key was claimed, and yet nobody has it');
  return owner;
}

function outcomeOf(candidate: Candidate, owner: KeyOwner, orders: ReadonlyMap<string, Order>): TakenOrder | Error {
  if (candidate.claim && candidate.claim.requestHash !== owner.requestHash) return keyReused();
  const order = orders.get(owner.orderId);
  return order ? { order, replayed: owner.orderId !== candidate.orderId } : new Error(`Order ${owner.orderId} is gone`);
}

async function outcomesOfLost(
  { database, logger }: IntakeParts,
  candidates: readonly Candidate[],
  cause: unknown,
): Promise<(TakenOrder | Error)[]> {
  const ids = candidates.map(({ orderId }) => orderId);
  const committed = await findCommitted(database, ids, logger);
  return candidates.map(({ orderId }) => {
    if (!committed) return new OutcomeUnknown(orderId, cause);
    const order = committed.get(orderId);
    return order ? { order, replayed: false } : notTaken('the connection to the database was lost', cause);
  });
}

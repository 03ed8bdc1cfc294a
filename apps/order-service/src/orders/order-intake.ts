/**
 * Takes orders in, as many together as there are waiting: one alone when there is little to do, and hundreds in one
 * transaction when there is much.
 */
import { createBatcher, type Orchestrator, type Transport } from 'saga-core';
import { uuidv7 } from 'uuidv7';
import type { OrderDatabase } from '../database.js';
import type { Candidate, Claim, Outcome, AcceptedOrder } from './candidate.js';
import { HeldKeys } from './held-keys.js';
import { KeyHeld } from './idempotency-keys.js';
import { keyInUse, orderLookupFailed, orderNotAccepted, overloaded } from './order-problems.js';
import type { NewOrder } from './order-schemas.js';
import { findEarlier } from './replays.js';
import { requestHash } from './request-hash.js';
import { orderBatchHandler } from './bisect-orders.js';
import type { IntakeParts } from './accept-orders.js';

/** How many orders may wait for their transaction, and how many keys to be looked up: more would only wait longer. */
const MAX_WAITING = 2_000;
/** How many orders share one transaction at most. */
const MAX_BATCH_SIZE = 200;

/** What a caller gives. */
export interface OrderRequest {
  readonly order: NewOrder;
  readonly idempotencyKey: string | null;
  /** W3C trace context, for the messages that the order causes. */
  readonly traceparent: string | null;
}

export type AcceptOrder = (request: OrderRequest) => Promise<AcceptedOrder>;

/**
 * @returns a function that takes one valid order. Calls that come together share a transaction, and one that fails or
 *   waits does not take the others with it. It throws an HttpProblem: 422 for a key that came with another body, 429
 *   when the system is overloaded, 503 when nothing was kept, when that is not known, or when the key is in use.
 */
export function orderIntake(
  parts: IntakeParts & {
    readonly transport: Pick<Transport, 'canPublish'>;
    readonly orchestrator: Pick<Orchestrator<OrderDatabase>, 'isOverloadedBy'>;
  },
): AcceptOrder {
  const { transport, orchestrator } = parts;
  const acceptBatch = orderBatchHandler(parts);
  const acceptBatched = createBatcher(acceptBatch, { maxBatchSize: MAX_BATCH_SIZE });
  const heldKeys = new HeldKeys(async (candidate) => (await acceptBatch([candidate]))[0]!);
  const findTogether = earlierFinder(parts);
  let waiting = 0;

  /**
   * @returns why no order is taken now, or null. An order that cannot get on would keep its caller waiting for nothing.
   */
  const refusal = (): Error | null => {
    if (!transport.canPublish()) return orderNotAccepted('the message broker takes no messages');
    return waiting >= MAX_WAITING || orchestrator.isOverloadedBy(waiting + 1) ? overloaded() : null;
  };

  const take = async (candidate: Candidate): Promise<Outcome> => {
    const key = candidate.claim?.key;
    if (key !== undefined && heldKeys.has(key)) return heldKeys.take(candidate, key);
    waiting++;
    const outcome = await acceptBatched(candidate).finally(() => waiting--);
    return key !== undefined && outcome instanceof KeyHeld ? heldKeys.take(candidate, key) : outcome;
  };

  return async ({ order, idempotencyKey: key, traceparent }) => {
    const claim = key === null ? null : { key, requestHash: requestHash(order) };
    const refused = refusal();
    // What an earlier request has begun stands, whatever is refused now.
    const outcome = refused
      ? ((claim && (await findTogether(claim))) ?? refused)
      : await take({ orderId: uuidv7(), sagaId: uuidv7(), order, claim, traceparent });
    if (outcome instanceof KeyHeld) throw keyInUse();
    if (outcome instanceof Error) throw outcome;
    return outcome;
  };
}

/**
 * @returns a function that finds what an earlier request with a key has begun, or null; a problem when that cannot be
 *   found out
 */
function earlierFinder({ database }: IntakeParts): (claim: Claim) => Promise<Outcome | null> {
  const find = createBatcher(
    async (claims: readonly Claim[]) => {
      const earlier = await findEarlier(database, claims);
      return claims.map((claim) => earlier.get(claim) ?? null);
    },
    { maxBatchSize: MAX_BATCH_SIZE },
  );
  let waiting = 0;
  return async (claim) => {
    if (waiting >= MAX_WAITING) return orderLookupFailed();
    waiting++;
    return find(claim)
      .catch((error: unknown) => orderLookupFailed(error))
      .finally(() => waiting--);
  };
}

/** Takes orders in, as many together as there are waiting: one alone when there is little to do, and hundreds in one transaction when there is much. */
import { gather, mayPass, type Orchestrator, type Transport } from 'saga-core';
import { uuidv7 } from 'uuidv7';
import type { OrderDatabase } from '../database.js';
import { notTaken, overloaded } from './order-problems.js';
import type { NewOrder } from './order-schemas.js';
import { requestHash } from './request-hash.js';
import { takeOrders, type Candidate, type IntakeParts, type TakenOrder } from './take-orders.js';

/** How many orders may wait for their transaction: more would only wait longer. */
const MAX_WAITING = 2_000;
/** How many orders share one transaction at most. */
const MAX_SET_SIZE = 200;

/** What a caller gives. */
export interface OrderRequest {
  readonly order: NewOrder;
  readonly idempotencyKey: string | null;
  /** W3C trace context, for the messages that the order causes. */
  readonly traceparent: string | null;
}

export type TakeOrder = (request: OrderRequest) => Promise<TakenOrder>;

/**
 * @returns a function that takes one valid order. Calls that come together share a transaction, and one that fails does not take the others with it.
 *   It throws an HttpProblem: 422 for a key that came with another body, 429 when the system is overloaded, 503 when nothing was kept or that is not known.
 */
export function orderIntake(
  parts: IntakeParts & {
    readonly transport: Pick<Transport, 'canPublish'>;
    readonly orchestrator: Pick<Orchestrator<OrderDatabase>, 'isOverloadedBy'>;
  },
): TakeOrder {
  const takeTogether = gather((candidates: readonly Candidate[]) => takeEach(parts, candidates), {
    maxSetSize: MAX_SET_SIZE,
  });
  let waiting = 0;
  return async ({ order, idempotencyKey: key, traceparent }) => {
    // An order that cannot get on would keep its caller waiting for nothing.
    if (!parts.transport.canPublish()) throw notTaken('the message broker takes no messages');
    const claim = key === null ? null : { key, requestHash: requestHash(order) };
    if (waiting >= MAX_WAITING || parts.orchestrator.isOverloadedBy(waiting + 1)) throw overloaded();
    waiting++;
    const outcome = await takeTogether({ orderId: uuidv7(), sagaId: uuidv7(), order, claim, traceparent }).finally(
      () => waiting--,
    );
    if (outcome instanceof Error) throw outcome;
    return outcome;
  };
}

async function takeEach(parts: IntakeParts, candidates: readonly Candidate[]): Promise<(TakenOrder | Error)[]> {
  try {
    return await takeOrders(parts, candidates);
  } catch (error) {
    if (mayPass(error)) return candidates.map(() => notTaken('the database could not store it', error));
    if (candidates.length <= 1)
      return candidates.map(() => (error instanceof Error ? error : new Error(String(error))));
    // One of them is to blame, and only that one shall fail.
    const outcomes: (TakenOrder | Error)[] = [];
    for (const candidate of candidates) outcomes.push(...(await takeEach(parts, [candidate])));
    return outcomes;
  }
}

import type { Orchestrator } from 'saga-core';
import type { OrderDatabase } from '../database.js';
import type { FindOrder } from './order-queries.js';
import type { Order } from './order-schemas.js';

/** What waiting needs. */
export interface WaitParts {
  readonly findOrder: FindOrder;
  readonly orchestrator: Pick<Orchestrator<OrderDatabase>, 'waitForEnd'>;
}

/**
 * Waits for the saga of an order.
 *
 * @param order - as it was taken
 * @param seconds - how long at most
 * @param onFailure - told what kept the order from being read
 * @returns the order as it stands then, decided or not; as it was taken when something fails meanwhile, for that it was
 *   taken stays true
 */
export async function awaitDecision(
  parts: WaitParts,
  order: Order,
  seconds: number,
  onFailure: (error: unknown) => void,
): Promise<Order> {
  if (order.status !== 'APPROVAL_PENDING') return order;
  try {
    await parts.orchestrator.waitForEnd(order.sagaId, seconds * 1_000);
    return (await parts.findOrder(order.id)) ?? order;
  } catch (error) {
    onFailure(error);
    return order;
  }
}

import type { LocalInput } from 'saga-core';
import type { CreateOrderData } from '../create-order-saga/create-order-data.js';

/**
 * Compares the rows that a batched change of status has changed with those it should have.
 *
 * @returns one empty answer for each input
 * @throws {Error} naming the orders that did not change: they are missing, or no longer APPROVAL_PENDING
 */
export function checkedChange(
  change: 'approve' | 'reject',
  inputs: readonly LocalInput<CreateOrderData>[],
  changed: readonly { order_id: string }[],
): undefined[] {
  const ids = new Set(changed.map(({ order_id }) => order_id));
  const unchanged = inputs.filter(({ data }) => !ids.has(data.orderId));
  if (unchanged.length > 0) {
    const list = unchanged.map(({ data }) => data.orderId).join(', ');
    throw new Error(`Cannot ${change} what is not APPROVAL_PENDING: order ${list}`);
  }
  return inputs.map(() => undefined);
}

/**
 * What an order is, and what can become of it: APPROVAL_PENDING until its saga has ended, then APPROVED or REJECTED for
 * good.
 */

/** APPROVAL_PENDING is the semantic lock: the saga has not finished with this order. */
export const ORDER_STATUSES = ['APPROVAL_PENDING', 'APPROVED', 'REJECTED'] as const;
export type OrderStatus = (typeof ORDER_STATUSES)[number];

/** So many portions of one dish. */
export interface OrderItem {
  readonly name: string;
  readonly quantity: number;
}

/** Who said no, and why: the task of the step that failed, a stable code, and a message for people. */
export interface Rejection {
  readonly step: string;
  readonly code: string;
  readonly message: string;
}

/** What a kitchen can be asked for at once. */
const MAX_PORTIONS = 10_000;

/**
 * What the restaurant is asked to prepare.
 *
 * @throws {RangeError} for more than 10,000 portions in all
 */
export function kitchenItems(items: readonly OrderItem[]): OrderItem[] {
  const portions = items.reduce((sum, { quantity }) => sum + quantity, 0);
  if (portions > MAX_PORTIONS)
    throw new RangeError(`An order may have at most ${MAX_PORTIONS} portions in all, and this one has ${portions}`);
  return items.map(({ name, quantity }) => ({ name, quantity }));
}

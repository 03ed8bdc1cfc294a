/** An order on its way in, and what becomes of it. */
import type { NewOrder, Order } from './order-schemas.js';

/** An order that is to be taken. */
export interface Candidate {
  readonly orderId: string;
  readonly sagaId: string;
  readonly order: NewOrder;
  /** The Idempotency-Key, if there is one, and what its request asks for. */
  readonly claim: Claim | null;
  /** W3C trace context of the caller, for the messages that its order causes. */
  readonly traceparent: string | null;
}

/** An Idempotency-Key, and what its request asks for. */
export interface Claim {
  readonly key: string;
  readonly requestHash: string;
}

/** An order as it was stored; `replayed` when an earlier request with the same key has begun it. */
export interface AcceptedOrder {
  readonly order: Order;
  readonly replayed: boolean;
}

/** What became of a candidate: its order, or what its caller is told. */
export type Outcome = AcceptedOrder | Error;

/** The tables of this service, as Kysely sees them. The saga's own tables are saga-core's. */
import type { ColumnType, Generated } from 'kysely';
import type { OrderItem, OrderStatus, Rejection } from './orders/order.js';

/** Written as JSON text in batches (see create-orders.ts), read as values. */
type Json<Value> = ColumnType<Value, never, never>;
/** Set by the database's clock. */
type Timestamp = ColumnType<Date, never, never>;

export interface OrderTable {
  /** UUIDv7: the primary key is in the order of time. */
  order_id: string;
  /** The saga instance that decides this order. */
  saga_id: string;
  status: Generated<OrderStatus>;
  consumer_id: number;
  restaurant_id: number;
  card_id: number;
  /** In cents. */
  price: number;
  items: Json<readonly OrderItem[]>;
  ticket_id: string | null;
  authorization_id: string | null;
  rejection: Json<Rejection | null>;
  created_at: Timestamp;
  updated_at: Timestamp;
}

export interface IdempotencyKeyTable {
  /** As the caller sent it. */
  key: string;
  /** SHA-256 of the request's canonical JSON, in hexadecimal. */
  request_hash: string;
  order_id: string;
  created_at: Timestamp;
}

export interface OrderDatabase {
  orders: OrderTable;
  idempotency_key: IdempotencyKeyTable;
}

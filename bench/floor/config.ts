/** What one process of the floor is told. */
export interface FloorConfig {
  /** A participant of the saga, or `order_service`. */
  readonly role: string;
  readonly amqpUrl: string;
  readonly databaseUrl: string;
  readonly queueType: 'quorum' | 'classic';
  readonly inFlight: number;
  readonly orders: number;
  readonly warmUp: number;
}

/** The role that drives the sagas. */
export const ORCHESTRATOR = 'order_service';

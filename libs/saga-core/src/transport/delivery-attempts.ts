/** The port that remembers which deliveries a process was handling when it died. */

export interface DeliveryAttempts {
  /**
   * @returns how many attempts at each delivery were begun and never finished, in the order given; each identity may be
   *   given once
   */
  unfinished(keys: readonly DeliveryKey[]): Promise<readonly number[]>;
  /** Counts one more attempt for each delivery, before it is handled. */
  begin(keys: readonly DeliveryKey[]): Promise<void>;
  /** Forgets deliveries whose handling came to an end, be it good or bad. */
  finish(keys: readonly DeliveryKey[]): Promise<void>;
}

/** What a delivery is about. */
export interface DeliveryKey {
  readonly sagaId: string;
  readonly sequence: number;
  readonly routingKey: string;
}

/** CLOSED: the restaurant takes no new tickets; those that it has go on. */
export type RestaurantStatus = 'OPEN' | 'CLOSED';

export interface Restaurant {
  readonly id: number;
  readonly name: string;
  readonly status: RestaurantStatus;
  /** The names of its dishes. */
  readonly menu: readonly string[];
  readonly withholdsTicketReplies: boolean;
}

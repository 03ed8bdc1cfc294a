export type CardStatus = 'ACTIVE' | 'BLOCKED';

export interface Card {
  readonly id: number;
  readonly status: CardStatus;
  /** The most that one payment may take, in minor units. */
  readonly paymentLimit: number;
}

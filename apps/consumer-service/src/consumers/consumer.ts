/** SUSPENDED: the consumer stays known, but may not order. */
export type ConsumerStatus = 'ACTIVE' | 'SUSPENDED';

export interface Consumer {
  readonly id: number;
  readonly name: string;
  readonly status: ConsumerStatus;
}

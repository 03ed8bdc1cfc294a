/** The tables of consumer-service, as Kysely sees them. */
import type { Generated } from 'kysely';
import type { ConsumerStatus } from './consumers/consumer.js';

export interface ConsumerTable {
  id: number;
  name: string;
  status: ConsumerStatus;
  created_at: Generated<Date>;
}

export interface Database {
  consumer: ConsumerTable;
}

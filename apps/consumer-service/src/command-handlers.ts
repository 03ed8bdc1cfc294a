import type { Transaction } from 'kysely';
import type { consumerService } from 'messages';
import { inBatches, type CommandHandlers } from 'saga-core';
import { verifyConsumers } from './consumers/verify-consumers.js';
import type { Database } from './database.js';

/** What consumer-service does with each of its commands. */
export const commandHandlers: CommandHandlers<typeof consumerService, Transaction<Database>> = {
  verifyConsumerDetails: inBatches(verifyConsumers),
};

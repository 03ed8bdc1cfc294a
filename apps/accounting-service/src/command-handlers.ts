import type { Transaction } from 'kysely';
import type { accountingService } from 'messages';
import { inBatches, type CommandHandlers } from 'saga-core';
import { authorizeCards } from './authorizations/authorize-cards.js';
import { reverseAuthorizations } from './authorizations/reverse-authorizations.js';
import type { Database } from './database.js';

/** What accounting-service does with each of its commands. */
export const commandHandlers: CommandHandlers<typeof accountingService, Transaction<Database>> = {
  authorizeCard: inBatches(authorizeCards),
  reverseAuthorization: inBatches(reverseAuthorizations),
};

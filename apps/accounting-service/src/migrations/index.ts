/** In the order in which they run. A migration that was released is never changed. */
import type { Migration } from 'kysely';
import * as cards from './0001-cards.js';
import * as authorizations from './0002-authorizations.js';

export const migrations: Record<string, Migration> = { '0001-cards': cards, '0002-authorizations': authorizations };

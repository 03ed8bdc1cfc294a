import { defineService } from 'saga-core';
import { authorizeCard } from './authorize-card.js';
import { reverseAuthorization } from './reverse-authorization.js';

/** What accounting-service does for sagas. */
export const accountingService = defineService({
  name: 'accounting_service',
  title: 'Accounting Service',
  description: 'Knows the cards, and what was authorized on them.',
  commands: { authorizeCard, reverseAuthorization },
});

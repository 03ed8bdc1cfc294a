/**
 * saga-core's migrations, frozen once released: a change is a new one, which says whether it is `compatible` with
 * processes that do not know it.
 */
import { sagaInstances } from './001-saga-instances.js';
import { sagaInbox } from './002-saga-inbox.js';
import { sagaDeliveryAttempts } from './003-saga-delivery-attempts.js';
import { sagaEnds } from './004-saga-ends.js';
import { sagaInboxHorizon } from './005-saga-inbox-horizon.js';
import { sagaKeptReplies } from './006-saga-kept-replies.js';
import { stateAsJson } from './007-state-as-json.js';
import { outcomeAsJson } from './008-outcome-as-json.js';
import { failedSagas } from './009-failed-sagas.js';
import { operatorActs } from './010-operator-acts.js';
import { sagaClock } from './011-saga-clock.js';
import { fingerprints } from './012-fingerprints.js';
import { migrationSet, type Migrations } from './migration.js';

/** Names the account of which of these have run. */
export const SAGA_MIGRATION_TABLE = 'saga_migration';

/** For a database of an orchestrator. */
export const orchestratorMigrations: Migrations = migrationSet('orchestrator', {
  '001-saga-instances': sagaInstances,
  '003-saga-delivery-attempts': sagaDeliveryAttempts,
  '004-saga-ends': sagaEnds,
  '006-saga-kept-replies': sagaKeptReplies,
  '007-state-as-json': stateAsJson,
  '009-failed-sagas': failedSagas,
  '010-operator-acts': operatorActs,
  '011-saga-clock': { ...sagaClock, compatible: true },
  '012-fingerprints': { ...fingerprints, compatible: true },
});

/** For a database of a participant. */
export const participantMigrations: Migrations = migrationSet('participant', {
  '002-saga-inbox': sagaInbox,
  '003-saga-delivery-attempts': sagaDeliveryAttempts,
  '005-saga-inbox-horizon': sagaInboxHorizon,
  '008-outcome-as-json': outcomeAsJson,
});

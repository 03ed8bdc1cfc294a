/**
 * The door of saga-core/admin: what a tool for operators needs beside `saga-core`. It reads and writes the tables of
 * sagas by the store's own statements, and asks the transition what an operator may do. Orchestrators and participants
 * do not need it.
 */
// Lists of sagas, and one saga.
export { listSagas } from '../store/saga-listing.js';
export type { ListedSaga, ListFilter, ListPosition, ListSort } from '../store/saga-listing.js';
export { changedSagas, listedSagas } from '../store/saga-changes.js';
export { failureGroups } from '../store/saga-failures.js';
export { sagaCounts } from '../store/saga-summary.js';
export { LastErrorSchema, lastErrorView, sagaView } from '../orchestrator/saga-view.js';
export { hasEnded, isInstanceOf, SAGA_STATUSES } from '../engine/instance.js';
export type { SagaInstance } from '../engine/instance.js';
export type { StoredSaga } from '../orchestrator/saga-store.js';
// What an operator does, and the record of it.
export { stepsToUndo } from '../engine/moves.js';
export { transition } from '../engine/decide.js';
export type { OperatorActionType } from '../engine/event.js';
export { completeAuditEntry, listAuditEntries, addAuditEntry, removeAuditEntry } from '../store/audit-log.js';
export type { AuditEntry } from '../store/audit-log.js';
export {
  pendingBulkItems,
  countSagas,
  createBulkOperation,
  findBulkOperation,
  renewBulkClaim,
  listBulkOperations,
  releaseBulkClaim,
  setBulkOperationStatus,
  completeBulkItems,
  claimBulkOperation,
} from '../store/bulk-operations.js';
export type { BulkItem, StoredBulkOperation } from '../store/bulk-operations.js';
// Definitions and their queues.
export { serviceOf } from '../contract/routing.js';
export { queuesOf } from '../definition/queues.js';
export { isRemote, nameOf } from '../definition/step.js';
// Dead letters.
export type { StoredDeadLetter } from '../contract/stored-dead-letter.js';
export type { DeadLetters, SettledDeadLetters } from '../transport/dead-letters.js';
// The database and its values.
export type { Database } from '../store/database.js';
export { isStorable } from '../store/json.js';
export { memoizeFor } from '../util/memoize-for.js';
export { abridged } from '../util/text.js';

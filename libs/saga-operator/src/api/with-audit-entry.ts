/** The audit log for actions outside of a database transaction, such as those on dead letters. */
import type { FastifyBaseLogger } from 'fastify';
import { messageOf } from 'saga-core';
import { completeAuditEntry, type Database, type AuditEntry, addAuditEntry, removeAuditEntry } from 'saga-core/admin';

/**
 * Adds an audit entry, runs the action, and adds the result to the entry. An action that cannot be recorded is not run.
 *
 * @param detailsOf - what the entry says of the result; null when nothing was done: then the entry is removed
 */
export async function withAuditEntry<Db, Result>(
  log: FastifyBaseLogger,
  database: Database<Db>,
  entry: AuditEntry,
  work: () => Promise<Result>,
  detailsOf: (result: Result) => object | null,
): Promise<Result> {
  const id = await addAuditEntry(database, entry);
  // The action has run, at least in part. That its entry cannot be completed must not make it look undone.
  const note = (noted: Promise<void>): Promise<void> =>
    noted.catch((error: unknown) =>
      log.error({ ...entry, act: id, problem: messageOf(error) }, 'what came of an act could not be recorded'),
    );
  try {
    const result = await work();
    const details = detailsOf(result);
    log.info({ ...entry, details }, 'an operator has acted');
    await note(details ? completeAuditEntry(database, id, details) : removeAuditEntry(database, id));
    return result;
  } catch (error) {
    const details = {
      ...(entry.details as object),
      outcome: 'it failed, and may be half done',
      problem: messageOf(error),
    };
    await note(completeAuditEntry(database, id, details));
    throw error;
  }
}

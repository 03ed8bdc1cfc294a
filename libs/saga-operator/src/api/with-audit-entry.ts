/** Acts on what no transaction of the database holds, such as letters of the broker. */
import type { FastifyBaseLogger } from 'fastify';
import { messageOf } from 'saga-core';
import { completeAuditEntry, type Database, type AuditEntry, addAuditEntry, removeAuditEntry } from 'saga-core/admin';

/**
 * Records an act and then does it: one that cannot be recorded is not done. What came of it is added to the record.
 *
 * @param detailsOf - what the record says of the result; null when nothing was done, and then there is no record
 */
export async function withAuditEntry<Db, Result>(
  log: FastifyBaseLogger,
  database: Database<Db>,
  act: AuditEntry,
  work: () => Promise<Result>,
  detailsOf: (result: Result) => object | null,
): Promise<Result> {
  const id = await addAuditEntry(database, act);
  // It is done, or half done, and recorded: that the record lacks its outcome must not make it look undone.
  const note = (noted: Promise<void>): Promise<void> =>
    noted.catch((error: unknown) =>
      log.error({ ...act, act: id, problem: messageOf(error) }, 'what came of an act could not be recorded'),
    );
  try {
    const result = await work();
    const details = detailsOf(result);
    log.info({ ...act, details }, 'an operator has acted');
    await note(details ? completeAuditEntry(database, id, details) : removeAuditEntry(database, id));
    return result;
  } catch (error) {
    const details = {
      ...(act.details as object),
      outcome: 'it failed, and may be half done',
      problem: messageOf(error),
    };
    await note(completeAuditEntry(database, id, details));
    throw error;
  }
}

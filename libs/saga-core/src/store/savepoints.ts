import { sql, type Transaction } from 'kysely';
import { TransactionBroken } from './run-handler.js';

/**
 * Runs work after a savepoint, and takes its writes back when it throws, or when it left the transaction aborted.
 *
 * @throws what the work threw; or {@link TransactionBroken} when there is no way back to the savepoint
 */
export async function inSavepoint<Db, Result>(tx: Transaction<Db>, work: () => Promise<Result>): Promise<Result> {
  await sql`savepoint saga_item`.execute(tx);
  try {
    const result = await work();
    // It fails when a statement of the work had failed and the work said nothing of it.
    await sql`release savepoint saga_item`.execute(tx);
    return result;
  } catch (error) {
    try {
      await sql`rollback to savepoint saga_item`.execute(tx);
      await sql`release savepoint saga_item`.execute(tx);
    } catch (broken) {
      throw new TransactionBroken(error, broken);
    }
    throw error;
  }
}

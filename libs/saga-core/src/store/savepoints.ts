import { sql, type Transaction } from 'kysely';

/**
 * Runs work after a savepoint, and takes its writes back when it throws.
 *
 * @throws what the work threw
 */
export async function inSavepoint<Db, Result>(tx: Transaction<Db>, work: () => Promise<Result>): Promise<Result> {
  await sql`savepoint isolated`.execute(tx);
  try {
    const result = await work();
    await sql`release savepoint isolated`.execute(tx);
    return result;
  } catch (error) {
    await sql`rollback to savepoint isolated`.execute(tx);
    await sql`release savepoint isolated`.execute(tx);
    throw error;
  }
}

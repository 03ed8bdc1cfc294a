import { Migrator, type Kysely, type Migration } from 'kysely';
import { isUnavailable } from './database-errors.js';

/**
 * Brings a database up to date. Two processes may do so at once: one waits for the other.
 *
 * @param options.table - the bookkeeping table, so that a library and an application can each have theirs
 * @param options.migrations - by name, run in the order of their names; a migration that was released is never changed
 * @throws what the first failing migration threw
 */
export async function migrate<Db>(
  database: Kysely<Db>,
  options: { table: string; migrations: Record<string, Migration> },
): Promise<void> {
  const migrator = new Migrator({
    db: database,
    provider: { getMigrations: () => Promise.resolve(options.migrations) },
    migrationTableName: options.table,
    migrationLockTableName: `${options.table}_lock`,
  });
  // Creating the bookkeeping tables is what two processes can collide in; the second try finds them.
  for (let attempt = 1; ; attempt++) {
    const { error } = await migrator.migrateToLatest();
    if (error === undefined) return;
    if (attempt === 3 || isUnavailable(error)) throw error as Error;
  }
}

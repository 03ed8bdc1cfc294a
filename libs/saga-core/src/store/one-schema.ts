/** Invariant: the library's tables are in the schema of the session, and nowhere else. */
import { sql, type Kysely, type Transaction } from 'kysely';
import { SagaError } from '../errors.js';
import { unnestValues } from './unnest-rows.js';

/**
 * @throws {SagaError} INVALID_SETTING for a `withSchema`: it concerns Kysely's own statements, and the library writes
 *   SQL, so the tables would be split
 */
export function refuseWithSchema<Db>(database: Kysely<Db>): void {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- no table of this name is needed
  const { sql: text } = (database as Kysely<any>).selectFrom('probe').selectAll().compile();
  if (text.includes('"."probe"'))
    throw new SagaError(
      'INVALID_SETTING',
      "withSchema splits the tables: give openDatabase the option 'schema' instead",
    );
}

/**
 * Version 0.1.0 created its tables in the schema that the role or the database has first in its search_path. Who has
 * them there must say so: beside them there would be empty ones otherwise.
 *
 * @param table - the account of version 0.1.0
 * @param names - of migrations of which it has run some
 * @throws {SagaError} INVALID_SETTING when it has, in another schema than the session's
 */
export async function refuseTablesElsewhere<Db>(
  tx: Transaction<Db>,
  table: string,
  names: readonly string[],
): Promise<void> {
  const { rows } = await sql<{ path: string; ours: string }>`
    select current_setting('search_path') as path, current_schema() as ours`.execute(tx);
  const { path, ours } = rows[0]!;
  await sql`select set_config('search_path', reset_val, true) from pg_settings where name = 'search_path'`.execute(tx);
  const theirs = (await sql<{ schema: string | null }>`select current_schema() as schema`.execute(tx)).rows[0]!.schema;
  await sql`select set_config('search_path', ${path}, true)`.execute(tx);
  if (theirs === null || theirs === ours || !(await hasRunIn(tx, theirs, table, names))) return;
  throw new SagaError(
    'INVALID_SETTING',
    `The tables are in the schema "${theirs}", where an earlier version created them: name it (DATABASE_SCHEMA, or the option 'schema' of openDatabase)`,
  );
}

async function hasRunIn<Db>(
  tx: Transaction<Db>,
  schema: string,
  table: string,
  names: readonly string[],
): Promise<boolean> {
  const { rows } = await sql`
    select from pg_attribute where attrelid = to_regclass(format('%I.%I', ${schema}::text, ${table}::text)) and attname = 'name'`.execute(
    tx,
  );
  if (rows.length === 0) return false;
  const known =
    await sql`select from ${sql.id(schema, table)} where name::text in ${unnestValues('text', names)}`.execute(tx);
  return known.rows.length > 0;
}

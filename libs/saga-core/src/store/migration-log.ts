/** The account of which migrations have run: a table beside those that they make. */
import { sql, type Kysely, type Transaction } from 'kysely';
import type { Migration } from './migrations/migration.js';

/** One migration that has run, for one set. */
export interface MigrationRecord {
  readonly set: string;
  readonly name: string;
  readonly compatible: boolean;
}

/** What is known of a database. */
export interface MigrationLog {
  /** The schema in which everything is; null when it does not exist. */
  readonly schema: string | null;
  /** Null when there is no account yet. */
  readonly records: readonly MigrationRecord[] | null;
  /** What Kysely's Migrator has run, as version 0.1.0 had it do, which looks there alone; null when it never did. */
  readonly legacy: ReadonlySet<string> | null;
}

/**
 * @returns the table of the account. The one that is named `table` stays as version 0.1.0 left it, so that its
 *   processes can be started again.
 */
const accountTable = (table: string): string => `${table}_account`;

/** Reads the account. It takes no lock. */
export async function readMigrationLog<Db>(database: Kysely<Db>, table: string): Promise<MigrationLog> {
  const tables = [accountTable(table), table];
  const { rows } = await sql<{ schema: string | null; account: boolean; legacy: boolean }>`
    select current_schema() as schema, coalesce(bool_or(relname = ${tables[0]}), false) as account, coalesce(bool_or(relname = ${tables[1]}), false) as legacy
    from pg_class where relnamespace = to_regnamespace(quote_ident(current_schema())) and relkind in ('r', 'p')`.execute(
    database,
  );
  const { schema, account, legacy } = rows[0]!;
  const all = async <Row>(name: string, columns: string) =>
    (await sql<Row>`select ${sql.raw(columns)} from ${sql.id(schema!, name)}`.execute(database)).rows;
  return {
    schema,
    records: account ? await all<MigrationRecord>(tables[0]!, 'set_name as set, name, compatible') : null,
    legacy: legacy ? new Set((await all<{ name: string }>(tables[1]!, 'name')).map(({ name }) => name)) : null,
  };
}

/** Creates the account where there is none. */
export async function createMigrationLog<Db>(tx: Transaction<Db>, table: string): Promise<void> {
  await sql`
    create table if not exists ${sql.id(accountTable(table))} (
      set_name text not null,
      name text not null,
      compatible boolean not null,
      run_at timestamptz not null default clock_timestamp(),
      primary key (set_name, name)
    )`.execute(tx);
}

/** Enters a migration that is about to run, or has run for another set. */
export async function recordMigration<Db>(
  tx: Transaction<Db>,
  table: string,
  { set, name, compatible }: MigrationRecord,
): Promise<void> {
  await sql`insert into ${sql.id(accountTable(table))} (set_name, name, compatible) values (${set}, ${name}, ${compatible})`.execute(
    tx,
  );
}

/** Keeps processes of version 0.1.0 from starting: its Migrator refuses what it does not know. */
export async function recordLegacyMigration<Db>(tx: Transaction<Db>, table: string, name: string): Promise<void> {
  await sql`insert into ${sql.id(table)} (name, timestamp) values (${name}, ${new Date().toISOString()}) on conflict do nothing`.execute(
    tx,
  );
}

/** @returns whether a migration has run, for whichever set */
export const hasRun = ({ records, legacy }: MigrationLog, name: string): boolean =>
  (records?.some((record) => record.name === name) ?? false) || (legacy?.has(name) ?? false);

/** @returns a record of a migration */
export const recordOf = (set: string, name: string, { compatible = false }: Migration): MigrationRecord => ({
  set,
  name,
  compatible,
});

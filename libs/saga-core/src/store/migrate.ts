/**
 * Invariants: a migration runs once, also when several processes start at once; whatever is created is created in one
 * schema; a process works only with tables that it knows, or of which it is said that it need not know them.
 */
import { sql, type Kysely, type Transaction } from 'kysely';
import type { Logger } from 'pino';
import { SagaError } from '../errors.js';
import { CONSTANTS } from '../settings.js';
import {
  createMigrationLog,
  recordMigration,
  recordLegacyMigration,
  hasRun,
  readMigrationLog,
  recordOf,
  type MigrationLog,
} from './migration-log.js';
import { nameOfSet, type Migrations } from './migrations/migration.js';
import { openWithoutTimeout, schemaOf } from './open-database.js';
import { inSavepoint } from './savepoints.js';
import { refuseTablesElsewhere, refuseWithSchema } from './one-schema.js';

export interface MigrateOptions {
  /** Names the account of what has run, so that a library and an application can each have theirs. */
  readonly table: string;
  /**
   * By name, run in the order of their names, each in a transaction of its own. A migration that was released is never
   * changed.
   */
  readonly migrations: Migrations;
  /** Is told which migration begins, goes on and ends. */
  readonly logger?: Logger;
  /** Ends the work: what has not been committed is taken back. */
  readonly signal?: AbortSignal;
}

/**
 * Brings a database up to date. Several processes may do so at once: one waits for the other. A migration may take as
 * long as it needs, where `openDatabase` opened the database.
 *
 * @throws what a migration threw, or the signal's reason
 * @throws {SagaError} DATABASE_TOO_NEW when a newer version has changed the tables in a way that this one cannot work
 *   with
 * @throws {SagaError} INVALID_SETTING when the tables are, or would be, in another schema than the one that is looked
 *   into
 */
export async function migrate<Db>(database: Kysely<Db>, options: MigrateOptions): Promise<void> {
  refuseWithSchema(database);
  options.signal?.throwIfAborted();
  const own = openWithoutTimeout(database, options.signal);
  try {
    await new MigrationRun(own ?? database, options).run();
  } catch (error) {
    options.signal?.throwIfAborted();
    throw error;
  } finally {
    await own?.destroy();
  }
}

/** Kysely's Migrator takes this lock: processes of version 0.1.0 use that. */
const LOCK = '3853314791062309107';

class MigrationRun<Db> {
  private readonly database: Kysely<Db>;
  private readonly options: MigrateOptions;
  private readonly set: string;

  constructor(database: Kysely<Db>, options: MigrateOptions) {
    this.database = database;
    this.options = options;
    this.set = nameOfSet(options.migrations) ?? options.table;
  }

  async run(): Promise<void> {
    const account = await readMigrationLog(this.database, this.options.table);
    this.refuseNewer(account);
    for (const name of Object.keys(this.options.migrations).sort())
      if (!this.isEntered(account, name)) await this.database.transaction().execute((tx) => this.runOne(tx, name));
  }

  private isEntered({ records }: MigrationLog, name: string): boolean {
    return records?.some((record) => record.set === this.set && record.name === name) ?? false;
  }

  private refuseNewer({ records }: MigrationLog): void {
    const unknown = (records ?? []).filter(
      ({ set, name, compatible }) => set === this.set && !compatible && !Object.hasOwn(this.options.migrations, name),
    );
    if (unknown.length === 0) return;
    const names = unknown.map(({ name }) => name).join(', ');
    throw new SagaError(
      'DATABASE_TOO_NEW',
      `A newer version has changed the tables, and not so that this one could work beside it: ${names}. Run the newer version`,
    );
  }

  private async runOne(tx: Transaction<Db>, name: string): Promise<void> {
    const { table, migrations } = this.options;
    await this.liftLimits(tx);
    await this.lock(tx);
    const account = await this.openAccount(tx);
    this.refuseNewer(account);
    if (this.isEntered(account, name)) return;
    const migration = migrations[name]!;
    await recordMigration(tx, table, recordOf(this.set, name, migration));
    if (hasRun(account, name)) return;
    if (!migration.compatible && this.isOfLegacy(account)) await recordLegacyMigration(tx, table, name);
    await this.telling({ migrations: this.set, migration: name }, () => migration.up(tx));
  }

  /** Whether version 0.1.0 has run this set here. */
  private isOfLegacy({ legacy }: MigrationLog): boolean {
    return legacy?.has(Object.keys(this.options.migrations).sort()[0]!) ?? false;
  }

  private async liftLimits(tx: Transaction<Db>): Promise<void> {
    await sql`
      select set_config(name, '0', true)
      from (values ('statement_timeout'), ('lock_timeout'), ('idle_in_transaction_session_timeout'), ('transaction_timeout')) as lifted (name)
      where current_setting(name, true) is not null`.execute(tx);
    // The server notices when this process is gone, and does not work on for nobody. Some cannot.
    const notice = () => sql`select set_config('client_connection_check_interval', '2s', true)`.execute(tx);
    await inSavepoint(tx, notice).catch(() => undefined);
  }

  private async lock(tx: Transaction<Db>): Promise<void> {
    const lock = sql.raw(LOCK);
    const { rows } = await sql<{ free: boolean }>`select pg_try_advisory_xact_lock(${lock}) as free`.execute(tx);
    if (rows[0]!.free) return;
    const { logger } = this.options;
    logger?.info({ migrations: this.set }, 'another process migrates this database: waiting for it');
    await sql`select pg_advisory_xact_lock(${lock})`.execute(tx);
  }

  private async openAccount(tx: Transaction<Db>): Promise<MigrationLog> {
    const { table, migrations } = this.options;
    const account = await readMigrationLog(tx, table);
    if (account.records !== null) return account;
    const wanted = schemaOf(this.database);
    if (account.schema === null && wanted !== null) await sql`create schema ${sql.id(wanted.schema)}`.execute(tx);
    // A schema that was named is meant.
    if (account.legacy === null && wanted?.isNamed === false)
      await refuseTablesElsewhere(tx, table, Object.keys(migrations));
    await createMigrationLog(tx, table);
    return { ...account, records: [] };
  }

  private async telling(fields: object, work: () => Promise<void>): Promise<void> {
    const { logger } = this.options;
    const begun = performance.now();
    const ms = () => ({ ...fields, ms: Math.round(performance.now() - begun) });
    logger?.info(fields, 'migration begins');
    const timer = setInterval(() => logger?.info(ms(), 'migration goes on'), CONSTANTS.logEveryMs);
    try {
      await work();
    } finally {
      clearInterval(timer);
    }
    logger?.info(ms(), 'migration done');
  }
}

import type { Kysely } from 'kysely';

/** A change of the tables. Once released it is never changed. One that Kysely's Migrator takes is one. */
export interface Migration {
  /** Makes the change, in a transaction. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as in Kysely's own: tables are what they were then
  up(db: Kysely<any>): Promise<void>;
  /**
   * Whether processes that do not know this migration, for they are of an older version, may go on working beside it,
   * and may be started again. Those are refused otherwise, so say true of whatever adds a table, an index, or a column
   * that may be missing.
   */
  readonly compatible?: boolean;
}

/** Migrations by their names, run in the order of those. */
export type Migrations = Readonly<Record<string, Migration>>;

const names = new WeakMap<Migrations, string>();

/**
 * Names a set of migrations: each set has its own log of what has run, so that several live in one database. A
 * migration that is in two sets runs once.
 *
 * @returns the same migrations
 */
export function migrationSet<Set extends Migrations>(name: string, migrations: Set): Set {
  names.set(migrations, name);
  return migrations;
}

/** @returns the name that {@link migrationSet} gave */
export const nameOfSet = (migrations: Migrations): string | undefined => names.get(migrations);

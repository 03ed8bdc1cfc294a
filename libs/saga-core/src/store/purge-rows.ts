/** Purging. Invariant kept here: a row that cannot be deleted is passed over, and keeps no other from being purged. */
import type { Kysely, Transaction } from 'kysely';
import { databaseAnswers } from './database-answers.js';
import { bisectBatch, type OnFailure } from './bisect-batch.js';

/** Which rows go, and how. */
export interface Purge<Db, Row> {
  /** Names a row, for {@link PurgeOptions.spared}. */
  readonly nameOf: (row: Row) => string;
  /** Locks rows that are past their retention, oldest first, and passes over those that another process holds. */
  readonly due: (tx: Transaction<Db>, limit: number, spared: readonly string[]) => Promise<readonly Row[]>;
  readonly remove: (tx: Transaction<Db>, rows: readonly Row[]) => Promise<unknown>;
}

export interface PurgeOptions {
  /** The most rows that go. */
  readonly limit: number;
  /** Names of rows that could not be deleted; this process does not try them again. */
  readonly spared?: Set<string>;
  /** Told of each row that cannot be deleted. */
  readonly onSpared?: (name: string) => void;
  /** Told of each transaction that fails after the first. */
  readonly onFailure?: OnFailure | undefined;
}

/** More are not remembered: then they are tried again. */
const MOST_SPARED = 1_000;

/**
 * Purges rows in one transaction, and in smaller parts where that fails.
 *
 * @returns whether there may be more
 * @throws what a statement failed with, when the database is away
 */
export async function purgeRows<Db, Row>(
  database: Kysely<Db>,
  { nameOf, due, remove }: Purge<Db, Row>,
  { limit, spared = new Set(), onSpared, onFailure }: PurgeOptions,
): Promise<boolean> {
  let rows: readonly Row[] = [];
  try {
    await database.transaction().execute(async (tx) => {
      rows = await due(tx, limit, [...spared]);
      if (rows.length > 0) await remove(tx, rows);
    });
  } catch (error) {
    if (rows.length === 0) throw error;
    const { suspects } = await bisectBatch(rows, {
      handle: (part) => database.transaction().execute((tx) => remove(tx, part)),
      isReachable: () => databaseAnswers(database),
      ...(onFailure && { onFailure }),
    });
    for (const name of suspects.map(nameOf)) {
      if (spared.size >= MOST_SPARED) spared.clear();
      spared.add(name);
      onSpared?.(name);
    }
  }
  return rows.length === limit;
}

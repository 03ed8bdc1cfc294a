/** The cursor of a list of sagas is the position of the last one shown, encoded so that nobody builds one. */
import { isUuid } from 'saga-core';
import type { ListPosition, ListSort } from 'saga-core/admin';

const KEY: Record<ListSort, RegExp> = { newest: /^$/, stalest: /^\d{1,17}$/, attempts: /^\d{1,9}$/ };

/** @returns the cursor after which the page continues. */
export function encodeCursor(sort: ListSort, { key, id }: ListPosition): string {
  return Buffer.from(JSON.stringify([sort, key, id])).toString('base64url');
}

/** @returns the position that a cursor names; null for what {@link encodeCursor} did not make for this order */
export function decodeCursor(sort: ListSort, cursor: string): ListPosition | null {
  try {
    const [madeFor, key, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
    if (madeFor !== sort || typeof key !== 'string' || typeof id !== 'string') return null;
    return KEY[sort].test(key) && isUuid(id) ? { key, id } : null;
  } catch {
    return null;
  }
}

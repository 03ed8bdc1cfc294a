/** The cursor of a list of sagas: the place of the last one shown, so opaque that nobody builds one. */
import type { ListPosition, ListSort } from 'saga-core/admin';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const KEY: Record<ListSort, RegExp> = { newest: /^$/, stalest: /^\d{1,17}$/, attempts: /^\d{1,9}$/ };

/** @returns the cursor after which the page continues. */
export function encodeCursor(sort: ListSort, { key, id }: ListPosition): string {
  return Buffer.from(JSON.stringify([sort, key, id])).toString('base64url');
}

/** @returns the place that a cursor names; null for what {@link encodeCursor} did not make, or made for another order. */
export function decodeCursor(sort: ListSort, cursor: string): ListPosition | null {
  try {
    const [madeFor, key, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
    if (madeFor !== sort || typeof key !== 'string' || typeof id !== 'string') return null;
    return KEY[sort].test(key) && UUID.test(id) ? { key, id } : null;
  } catch {
    return null;
  }
}

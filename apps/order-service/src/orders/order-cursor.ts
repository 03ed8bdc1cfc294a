/**
 * The cursor of a list of orders: the id of the last order shown, so opaque that nobody builds one. Ids are UUIDv7, so
 * their order is that of time.
 */

const UUID = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/;

/** @returns the cursor after which the orders older than `orderId` come. */
export function cursorAfter(orderId: string): string {
  return Buffer.from(orderId.replaceAll('-', ''), 'hex').toString('base64url');
}

/** @returns the id of the order that a cursor names; null for what {@link cursorAfter} did not make. */
export function orderIdOf(cursor: string): string | null {
  const parts = UUID.exec(Buffer.from(cursor, 'base64url').toString('hex'));
  if (!parts) return null;
  const orderId = parts.slice(1).join('-');
  // Decoding is lenient: it skips foreign characters and surplus bits.
  return cursorAfter(orderId) === cursor ? orderId : null;
}

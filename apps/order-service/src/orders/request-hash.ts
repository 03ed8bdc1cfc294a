/**
 * Tells whether two requests with one Idempotency-Key ask for the same thing, whatever their white space and the order
 * of their properties.
 */
import { createHash } from 'node:crypto';

/** @returns `value` as JSON with the properties of every object in alphabetical order and no white space. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** @returns the SHA-256 of a request's canonical JSON, in hexadecimal. */
export function requestHash(request: unknown): string {
  return createHash('sha256').update(canonicalJson(request)).digest('hex');
}

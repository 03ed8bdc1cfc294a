import { randomUUID } from 'node:crypto';

/** @returns a UUIDv7 made at a time, in milliseconds since the epoch */
export function uuidOf(time: number): string {
  const hex = time.toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7${randomUUID().slice(15)}`;
}

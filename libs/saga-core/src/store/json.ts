/** PostgreSQL cannot store two things that JSON has: the character NUL, and half a surrogate pair. They become U+FFFD, so that no text from outside can block a save. */
import { storableText } from '../contract/as-saved.js';

const SUSPICIOUS = /\\u0000|\\ud[89a-f]/i;

/** @returns JSON that PostgreSQL takes, as json and as jsonb. */
export function toJson(value: unknown): string {
  const json = JSON.stringify(value);
  return SUSPICIOUS.test(json) ? JSON.stringify(value, storable) : json;
}

function storable(_key: string, value: unknown): unknown {
  if (typeof value === 'string') return storableText(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [storableText(key), item as unknown]));
}
